package load

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Config says how to ask.
type Config struct {
	Address     string        // HOST:PORT
	Rate        float64       // requests a second, above 0
	Duration    time.Duration // of the schedule
	Connections int           // at once, 1 or more: what is due while all are busy waits, and its wait counts
	Timeout     time.Duration // of one exchange

	// Request returns the i-th request, whole, as it goes over the wire: 64 KB at most. It may be
	// called by many goroutines; what it takes counts as waiting.
	Request func(i int) []byte
	// Answered is told of every answer, or of the error that stood for it, with what the
	// caller waited since the request was due; may be nil. It may be called by many goroutines.
	// What it takes, other requests wait.
	Answered func(i int, a Answer, waited time.Duration, err error)
}

// A Result is what callers saw.
type Result struct {
	Sent     int64
	Errors   int64 // without an answer
	Statuses map[int]int64
	Waited   Histogram // since each request was due
	Took     time.Duration
}

// Run asks as c says and returns when every answer is there. It ends early, with what it
// has and the error, when ctx ends.
func Run(ctx context.Context, c Config) (Result, error) {
	if !(c.Rate > 0) || c.Connections < 1 || c.Duration <= 0 || c.Timeout <= 0 || c.Request == nil {
		return Result{}, errors.New("a rate, a duration, a timeout, connections and requests are wanted, all above 0")
	}
	r, err := ask(ctx, c, int64(c.Rate*c.Duration.Seconds()))
	if err != nil {
		return r, err
	}
	return r, ctx.Err()
}

// due returns when the i-th request is due.
func (c *Config) due(began time.Time, i int64) time.Time {
	return began.Add(time.Duration(float64(i) / c.Rate * float64(time.Second)))
}

// note counts what became of the i-th request, and tells of it.
func (r *Result) note(c Config, i int, due time.Time, a Answer, err error) {
	waited := time.Since(due)
	r.Sent++
	if err != nil {
		r.Errors++
	} else {
		r.Statuses[a.Status]++
	}
	r.Waited.Add(waited)
	if c.Answered != nil {
		c.Answered(i, a, waited, err)
	}
}

func (r *Result) merge(other *Result) {
	r.Sent += other.Sent
	r.Errors += other.Errors
	for status, n := range other.Statuses {
		r.Statuses[status] += n
	}
	r.Waited.Merge(&other.Waited)
}

// Other returns how many answers were none of status, errors included.
func (r Result) Other(status int) int64 { return r.Sent - r.Statuses[status] }

// String tells of r in one line.
func (r Result) String() string {
	q := func(q float64) time.Duration { return r.Waited.Quantile(q).Round(10 * time.Microsecond) }
	return fmt.Sprintf("%d requests in %.1f s, %.0f/s; waited p50 %v, p99 %v, p99.9 %v, at most %v; statuses %v, %d without an answer",
		r.Sent, r.Took.Seconds(), float64(r.Sent)/r.Took.Seconds(), q(0.5), q(0.99), q(0.999), r.Waited.Max().Round(10*time.Microsecond), r.Statuses, r.Errors)
}

// Get returns a GET request as it goes over the wire. path must be escaped; headers are
// lines such as "Accept: application/json".
func Get(path string, headers ...string) []byte {
	out := "GET " + path + " HTTP/1.1\r\nHost: marquee\r\n"
	for _, h := range headers {
		out += h + "\r\n"
	}
	return []byte(out + "\r\n")
}

// Post returns a POST request with a JSON body.
func Post(path, body string, headers ...string) []byte {
	out := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: marquee\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, len(body))
	for _, h := range headers {
		out += h + "\r\n"
	}
	return []byte(out + "\r\n" + body)
}
