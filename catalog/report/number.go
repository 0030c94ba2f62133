package report

import (
	"math"
	"strconv"
	"strings"
)

// Number writes v for a reader: at most four digits that count below 10,000,
// whole numbers in groups of three, "–" for what is no number.
func Number(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return groups(strconv.FormatFloat(v, 'f', 0, 64))
	case math.Abs(v) >= 10_000 && math.Abs(v) < 1e15:
		return groups(strconv.FormatFloat(v, 'f', 0, 64))
	case math.Abs(v) < 1e-4 || math.Abs(v) >= 1e15:
		return strconv.FormatFloat(v, 'e', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Count writes a whole number in groups of three.
func Count(n int64) string { return groups(strconv.FormatInt(n, 10)) }

// Percent writes a share as per cent: 0.0314 as "3.14%". A share that is neither
// 0 nor 1 is never written as 0% or 100%.
func Percent(share float64) string {
	v := 100 * share
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case v > 0 && v < 0.005:
		return "<0.01%"
	case v > 99.995 && v < 100:
		return ">99.99%"
	}
	text := strings.TrimRight(strconv.FormatFloat(v, 'f', 2, 64), "0")
	return strings.TrimSuffix(text, ".") + "%"
}

func groups(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var out []byte
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return sign + string(out)
}

// short writes v for a tick: 1.5k, 20M.
func short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(v) >= unit.size {
			if unit.name == "k" {
				unit.size = 1e3
			}
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
