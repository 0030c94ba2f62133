package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"
)

// watching is how many people watch at once.
const watching = 30_000

// A viewer watches one movie, minute by minute.
type viewer struct {
	user, minute, until int
	movie               string
}

// A crowd writes the lines of a stream.
type crowd struct {
	rng     *rand.Rand
	zipf    *rand.Zipf
	viewers []viewer
	at      time.Time
	n       int
}

// linesASecond is the measured load of such a stream.
const linesASecond = 505

func newCrowd(seed uint64) *crowd {
	c := &crowd{rng: rand.New(rand.NewPCG(seed, 1)), at: time.Date(2024, 10, 14, 0, 0, 0, 0, time.UTC)}
	c.zipf = rand.NewZipf(c.rng, 1.1, 20, 8999)
	c.viewers = make([]viewer, watching)
	for i := range c.viewers {
		c.begin(&c.viewers[i])
		c.viewers[i].minute = c.rng.IntN(c.viewers[i].until) // in the middle of it
	}
	return c
}

// begin lets another person begin a movie.
func (c *crowd) begin(v *viewer) {
	movie := c.zipf.Uint64()
	*v = viewer{user: 1 + c.rng.IntN(1_000_000), until: 60 + c.rng.IntN(90), movie: fmt.Sprintf("the+film+number+%d+%d", movie, 1930+movie%90)}
}

// append appends the next line, with its end, to b.
func (c *crowd) append(b []byte) []byte {
	if c.n++; c.n%linesASecond == 0 {
		c.at = c.at.Add(time.Second)
	}
	layout := "2006-01-02T15:04:05"
	if c.at.Second() == 0 {
		layout = "2006-01-02T15:04"
	}
	b = c.at.AppendFormat(b, layout)
	v := &c.viewers[c.rng.IntN(len(c.viewers))]
	switch draw := c.rng.IntN(1000); {
	case draw < 1:
		return fmt.Appendf(b, ",%d,GET /data/5m/%s/%d.mpg\n", v.user, v.movie, v.minute)
	case draw < 6:
		return fmt.Appendf(b, ",%d,GET /rate/%s=%d\n", v.user, v.movie, 1+c.rng.IntN(5))
	case draw < 16:
		return fmt.Appendf(b, ",%d,recommendation request host:8082, status 200, result: heat+1995, m+1931, %d ms\n", v.user, draw)
	}
	b = fmt.Appendf(b, ",%d,GET /data/m/%s/%d.mpg\n", v.user, v.movie, v.minute)
	if v.minute++; v.minute >= v.until {
		c.begin(v)
	}
	return b
}

// text returns n lines.
func text(n int) []byte {
	c := newCrowd(7)
	b := make([]byte, 0, 70*n)
	for range n {
		b = c.append(b)
	}
	return b
}

// split returns the lines of text without their ends.
func split(text []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}
