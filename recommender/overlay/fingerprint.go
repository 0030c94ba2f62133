package overlay

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"slices"
	"sync"

	"marquee/catalog"
)

// A print is the fingerprint of one state, made when it is first asked for.
type print struct {
	once sync.Once
	sum  uint64
}

// Fingerprint returns a number that tells s from other states over the same build: it
// follows from the movies behind those of the build and their order, from what is not
// as the build has it of any movie that is there, from which movies left, and from
// hidden movies and corrections as far as s knows the movies. Two states of equal
// fingerprint make the same lists of one history, but for one in 2^64. It is the same in
// every process, whatever path the vector kernels take. It is made once for each state,
// in O(movies), 0.2 ms of 27,000 (BenchmarkFingerprint), and costs nothing when it is asked for again.
func (s *State) Fingerprint() uint64 {
	s.print.once.Do(func() { s.print.sum = s.fingerprint() })
	return s.print.sum
}

func (s *State) fingerprint() uint64 {
	d := digest{sha256.New()}
	movies := s.Snapshot.Movies
	d.number(uint64(movies.Len()))
	for row := range uint32(movies.Len()) {
		if later := int(row) >= s.build.Movies.Len(); later {
			d.text("row", string(movies.IDs[row]))
			d.movie(s, row)
		} else if s.differs(row) {
			d.text("movie")
			d.number(uint64(row))
			d.movie(s, row)
		}
	}
	for _, row := range slices.Sorted(slices.Values(s.hiddenRows(movies))) {
		d.text("hidden")
		d.number(uint64(row))
	}
	for _, c := range s.corrections {
		if s.there(c.Movie) && s.there(c.Other) {
			d.text("correction", string(c.Movie), string(c.Other), string(c.Kind))
		}
	}
	return binary.LittleEndian.Uint64(d.Sum(nil))
}

// there reports whether s knows a movie and it did not leave.
func (s *State) there(id catalog.MovieID) bool {
	row, known := s.Snapshot.Movies.Row(id)
	return known && !s.Snapshot.Movies.IsGone(row)
}

// differs reports whether a row of the build is not as the build has it.
func (s *State) differs(row uint32) bool {
	now, then := s.Snapshot.Movies, s.build.Movies
	if now == then {
		return false
	}
	if gone := now.IsGone(row); gone || then.IsGone(row) {
		return gone != then.IsGone(row)
	}
	return now.Released[row] != then.Released[row] || now.Adult[row] != then.Adult[row] || now.Years[row] != then.Years[row] || now.Titles[row] != then.Titles[row] ||
		now.Documents != nil && then.Documents != nil && now.Documents[row] != then.Documents[row] ||
		now.Collections != nil && then.Collections != nil && (now.Collections[row] != then.Collections[row] || now.Costs[row] != then.Costs[row]) ||
		math.Float32bits(s.Snapshot.Stats.Quality[row]) != math.Float32bits(s.build.Stats.Quality[row])
}

// A digest takes in values such that no two sequences of them are the same bytes.
type digest struct{ hash.Hash }

// number takes in one number. A hash takes what is written to it without an error.
func (d digest) number(n uint64) { _, _ = d.Write(binary.LittleEndian.AppendUint64(nil, n)) }

func (d digest) text(texts ...string) {
	for _, t := range texts {
		d.number(uint64(len(t)))
		_, _ = d.Write([]byte(t))
	}
}

// movie takes in what lists need of a row. What was known of a movie before it left
// makes no list.
func (d digest) movie(s *State, row uint32) {
	movies := s.Snapshot.Movies
	if movies.IsGone(row) {
		d.text("gone")
		return
	}
	d.text("there", movies.Titles[row])
	d.number(uint64(movies.Years[row]))
	d.number(uint64(uint32(movies.Released[row])))
	if movies.Adult[row] {
		d.text("adult")
	}
	if movies.Documents != nil {
		_, _ = d.Write(movies.Documents[row][:])
	}
	d.number(uint64(math.Float32bits(s.Snapshot.Stats.Quality[row])))
	if movies.Collections != nil && (movies.Collections[row] != "" || movies.Costs[row] != 0) { // what knobs go by; most have neither
		d.text("collection", movies.Collections[row])
		d.number(uint64(math.Float32bits(movies.Costs[row])))
	}
}
