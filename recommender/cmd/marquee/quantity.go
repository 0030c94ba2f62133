package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A timeSpan is a flag of time that may be said in days: "90d", "36h".
type timeSpan time.Duration

// UnmarshalText reads what people write.
func (s *timeSpan) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0) || n > 100_000 {
			return fmt.Errorf("time %q, want days such as 90d or a time such as 36h", text)
		}
		*s = timeSpan(n * float64(24*time.Hour))
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("time %q, want days such as 90d or a time such as 36h", text)
	}
	*s = timeSpan(d)
	return nil
}

// A byteSize is a flag of bytes: "500MB", "10GiB", "1000".
type byteSize int64

// byteUnits are the longest suffixes first.
var byteUnits = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// UnmarshalText reads what people write.
func (b *byteSize) UnmarshalText(text []byte) error {
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(string(text), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(n >= 0) || n*u.bytes > math.MaxInt64/2 {
			break
		}
		*b = byteSize(n * u.bytes)
		return nil
	}
	return fmt.Errorf("size %q, want one such as 500MB, 10GiB or a number of bytes", text)
}
