package main

import (
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// The world. A person has some movies that are watched again and again.
const (
	watchers   = 30_000 // at once
	people     = 40_000
	favourites = 12 // movies of one person
	movies     = 27_000
	perSecond  = 505 // lines
)

// A world is a reader of lines. It holds its watchers and one line.
type world struct {
	rng   *rand.Rand
	left  int64 // lines
	done  int64
	start time.Time
	watch []watching
	line  []byte // what was not read of it yet
	buf   []byte
}

// A watching is one person before one movie.
type watching struct{ person, movie, minute, runtime int32 }

func newWorld(seed uint64, lines int64) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(seed, 0x736f616b)), left: lines,
		start: time.Date(2026, 2, 14, 10, 0, 0, 0, time.UTC), watch: make([]watching, watchers),
	}
	for i := range w.watch {
		w.watch[i] = w.begin()
		w.watch[i].minute = w.rng.Int32N(w.watch[i].runtime)
	}
	return w
}

// begin lets someone begin a movie.
func (w *world) begin() watching {
	person := w.rng.Int32N(people)
	movie := (person*7919 + w.rng.Int32N(favourites)*104_729) % movies
	return watching{person: person, movie: movie, runtime: 60 + movie%90}
}

// Read implements [io.Reader].
func (w *world) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(w.line) == 0 {
			if w.left == 0 {
				return n, endIf(n == 0)
			}
			w.next()
		}
		m := copy(p[n:], w.line)
		w.line, n = w.line[m:], n+m
	}
	return n, nil
}

func endIf(end bool) error {
	if end {
		return io.EOF
	}
	return nil
}

// next writes the next line.
func (w *world) next() {
	at := w.start.Add(time.Duration(w.done) * time.Second / perSecond)
	s := &w.watch[w.done%watchers]
	w.done++
	w.left--
	layout := "2006-01-02T15:04:05"
	if at.Second() == 0 {
		layout = "2006-01-02T15:04"
	}
	b := at.AppendFormat(w.buf[:0], layout)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(1+s.person), 10)
	switch r := w.rng.IntN(10_000); {
	case r < 85:
		b = append(b, ",recommendation request h:8082, status 200, result: "...)
		b = appendMovie(b, s.movie)
		b = append(b, ", 12 ms"...)
	case r < 138:
		b = append(b, ",GET /rate/"...)
		b = appendMovie(b, s.movie)
		b = append(b, '=', byte('1'+w.rng.IntN(5)))
	case r < 140:
		b = append(b, ",GET /create_account"...)
	case r < 151:
		b = append(b, ",GZET /data/m/"...)
		b = appendMovie(b, s.movie)
		b = append(b, "/3.mpg"...)
	default:
		b = append(b, ",GET /data/m/"...)
		b = appendMovie(b, s.movie)
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(s.minute), 10)
		b = append(b, ".mpg"...)
		if s.minute++; s.minute >= s.runtime {
			*s = w.begin()
		}
	}
	b = append(b, '\n')
	w.buf, w.line = b, b
}

func appendMovie(b []byte, n int32) []byte {
	b = append(b, "a+film+of+some+length+"...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, '+')
	return strconv.AppendInt(b, int64(1930+n%95), 10)
}
