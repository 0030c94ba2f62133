package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
)

// Bounds of what is read of a log.
const (
	maxLatencies = 5_000_000 // requests, some 200 MB
	maxLogLine   = 64 << 10  // bytes; longer lines are none of a request
)

// latencies are how long requests took, by a hash of their ids.
type latencies map[uint64]latency

// A latency is how long one took, in milliseconds, and as how many it counts: a server
// that logs a share of its requests says which.
type latency struct{ took, weight float32 }

// of returns that of a request; a weight of 0 if it was not logged.
func (l latencies) of(requestID string) (took time.Duration, weight float64) {
	x := l[stats.Hash(requestID)]
	return time.Duration(float64(x.took) * float64(time.Millisecond)), float64(x.weight)
}

// A loggedRequest is what a line of the log says of a request.
type loggedRequest struct {
	Request string          `json:"request"`
	Took    json.RawMessage `json:"took"`
	Share   *float64        `json:"share"`
}

// read adds what a log says. Lines that are of no request are passed over; that none is of
// one is an error, for the log is not what it was taken for.
func (l latencies) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	found, err := l.scan(f)
	if err == nil && found == 0 {
		err = fmt.Errorf("no line tells of a request; want the log of \"marquee serve --log-format json\": %w", catalog.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("log %s: %w", name, err)
	}
	return nil
}

// scan adds what lines say, and returns how many told of a request.
func (l latencies) scan(r io.Reader) (found int, err error) {
	lines := bufio.NewReaderSize(r, maxLogLine)
	for {
		line, long, err := readLine(lines)
		if !long && l.add(line) {
			found++
		}
		if len(l) > maxLatencies {
			return found, fmt.Errorf("more than %d requests; give a part of it: %w", maxLatencies, catalog.ErrInvalid)
		}
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return found, err
		}
	}
}

// readLine returns the next line; of one that is too long nothing but that it is.
func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	line, err = r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		_, err = r.ReadSlice('\n')
	}
	return line, long, err
}

// add takes in one line, and reports whether it tells of a request.
func (l latencies) add(line []byte) bool {
	var x loggedRequest
	if json.Unmarshal(line, &x) != nil || x.Request == "" {
		return false
	}
	var nanos float64
	if json.Unmarshal(x.Took, &nanos) != nil || !(nanos >= 0) {
		return false
	}
	weight := 1.0
	if x.Share != nil && *x.Share > 0 && *x.Share <= 1 {
		weight = 1 / *x.Share
	}
	l[stats.Hash(x.Request)] = latency{float32(nanos / 1e6), float32(weight)}
	return true
}
