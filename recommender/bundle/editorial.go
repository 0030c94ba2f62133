package bundle

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender/column"
)

// An editorial is what editors said.
type editorial struct {
	hidden      []catalog.MovieID
	corrections []catalog.Correction
}

func (e editorial) empty() bool { return len(e.hidden) == 0 && len(e.corrections) == 0 }

func (e editorial) content() content {
	return content{name: fileEditorial, data: func() ([]byte, error) { return e.encode(), nil }}
}

// check returns an error that wraps [catalog.ErrInvalid] unless e would come back as
// it is.
func (e editorial) check() error {
	if err := decodeEditorial(e.encode(), new(Bundle)); err != nil {
		return fmt.Errorf("hidden movies and corrections: %s: %w", err.Error(), catalog.ErrInvalid) // no bundle is broken yet
	}
	return nil
}

// sorted returns e as it is kept: each movie once, and of each pair what came last.
func (e editorial) sorted() editorial {
	e.hidden = slices.Compact(slices.Sorted(slices.Values(e.hidden)))
	last := slices.Clone(e.corrections)
	slices.Reverse(last)
	slices.SortStableFunc(last, comparePair)
	e.corrections = slices.CompactFunc(last, func(a, b catalog.Correction) bool { return comparePair(a, b) == 0 })
	return e
}

// comparePair orders corrections by movie and other.
func comparePair(a, b catalog.Correction) int {
	return cmp.Or(cmp.Compare(a.Movie, b.Movie), cmp.Compare(a.Other, b.Other))
}

func (e editorial) encode() []byte {
	e = e.sorted()
	var movies, others []catalog.MovieID
	var kinds, notes []string
	var seconds []int64
	var nanoseconds []uint32
	for _, c := range e.corrections {
		movies, others, kinds, notes = append(movies, c.Movie), append(others, c.Other), append(kinds, string(c.Kind)), append(notes, c.Note)
		seconds, nanoseconds = append(seconds, c.At.Unix()), append(nanoseconds, uint32(c.At.Nanosecond()))
	}
	var out column.Encoder
	column.EncodeStrings(&out, e.hidden)
	column.EncodeStrings(&out, movies)
	column.EncodeStrings(&out, others)
	column.EncodeStrings(&out, kinds)
	column.EncodeStrings(&out, notes)
	out.Int64s(seconds)
	out.Uint32s(nanoseconds)
	return out.Data
}

// decodeEditorial fills in what [editorial.encode] wrote. Errors wrap [ErrBroken].
func decodeEditorial(data []byte, b *Bundle) error {
	d := column.NewDecoder(data)
	hidden := column.DecodeStrings[catalog.MovieID](d)
	movies, others := column.DecodeStrings[catalog.MovieID](d), column.DecodeStrings[catalog.MovieID](d)
	kinds, notes := column.DecodeStrings[catalog.CorrectionKind](d), column.DecodeStrings[string](d)
	seconds, nanoseconds := d.Int64s(), d.Uint32s()
	if err := finish(d); err != nil {
		return err
	}
	n := len(movies)
	if len(others) != n || len(kinds) != n || len(notes) != n || len(seconds) != n || len(nanoseconds) != n {
		return fmt.Errorf("columns of %d corrections are not as long as each other: %w", n, ErrBroken)
	}
	for i, id := range hidden {
		if id == "" || i > 0 && hidden[i-1] >= id {
			return fmt.Errorf("hidden movie %q has no id or stands out of order: %w", id, ErrBroken)
		}
	}
	var corrections []catalog.Correction
	for i := range n {
		c := catalog.Correction{Movie: movies[i], Other: others[i], Kind: kinds[i], Note: notes[i], At: time.Unix(seconds[i], int64(nanoseconds[i])).UTC()}
		if c.Movie == "" || c.Other == "" || c.Kind != catalog.Pin && c.Kind != catalog.Block {
			return fmt.Errorf("correction %q of %q and %q, want %s or %s of two movies: %w", c.Kind, c.Movie, c.Other, catalog.Pin, catalog.Block, ErrBroken)
		}
		if i > 0 && comparePair(corrections[i-1], c) >= 0 {
			return fmt.Errorf("correction of %q and %q is there twice or out of order: %w", c.Movie, c.Other, ErrBroken)
		}
		corrections = append(corrections, c)
	}
	if len(hidden) > 0 {
		b.Hidden = hidden
	}
	b.Corrections = corrections
	return nil
}
