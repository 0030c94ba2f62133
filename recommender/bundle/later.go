package bundle

import (
	"fmt"
	"math"
	"slices"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/column"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// A Patch is what is not as it was when a bundle was built. See [Shelf.PutPatch].
type Patch struct {
	Added   []overlay.Added   // movies that were added or edited, whole; of two of one movie the last counts
	Removed []catalog.MovieID // movies that left the catalog; none of Added

	// What editors say by now, all of it: it takes the place of what the bundle has.
	Hidden      []catalog.MovieID
	Corrections []catalog.Correction
}

// changes are a patch as a bundle keeps it: what it takes to lay it over the build,
// with movies as far as lists need them.
type changes struct {
	added   []addition        // each movie once; those that the build does not have follow its rows in this order
	removed []catalog.MovieID // ascending: movies of the build, or of added where a row must stay
}

// An addition is a movie that was added or edited after a build.
type addition struct {
	movie    catalog.Movie // without what only its document needs
	document rank.DocHash  // of the whole movie
	vector   []float32     // [dims]
}

// newAddition keeps of a what a bundle keeps.
func newAddition(a overlay.Added) addition {
	m := a.Movie
	return addition{
		movie: catalog.Movie{
			ID: m.ID, Title: m.Title, Year: m.Year, ReleaseDate: m.ReleaseDate, Genres: m.Genres, Language: m.Language,
			Adult: m.Adult, VoteAverage: m.VoteAverage, VoteCount: m.VoteCount,
		},
		document: rank.HashDocument(embedder.Document(m)),
		vector:   a.Vector,
	}
}

// gone reports whether a movie was removed.
func (l changes) gone(id catalog.MovieID) bool {
	_, ok := slices.BinarySearch(l.removed, id)
	return ok
}

// with returns l with p laid over it, one patch of both over a build that has the
// movies which has knows. A movie that came later and left again is dropped, unless
// rows must stay where they are: then it is there and gone.
func (l changes) with(p Patch, has func(catalog.MovieID) bool, stay bool) changes {
	place := make(map[catalog.MovieID]int, len(l.added)+len(p.Added))
	next := changes{added: slices.Clone(l.added)}
	for i, a := range next.added {
		place[a.movie.ID] = i
	}
	gone := make(map[catalog.MovieID]bool, len(l.removed)+len(p.Removed))
	for _, id := range l.removed {
		gone[id] = true
	}
	for _, a := range p.Added {
		id := a.Movie.ID
		delete(gone, id)
		if i, known := place[id]; known {
			next.added[i] = newAddition(a)
			continue
		}
		place[id] = len(next.added)
		next.added = append(next.added, newAddition(a))
	}
	for _, id := range p.Removed {
		if _, known := place[id]; known || has(id) {
			gone[id] = true
		}
	}
	next.added = slices.DeleteFunc(next.added, func(a addition) bool {
		id := a.movie.ID
		drop := gone[id] && (has(id) || !stay)
		if drop && !has(id) {
			delete(gone, id)
		}
		return drop
	})
	for id := range gone {
		next.removed = append(next.removed, id)
	}
	slices.Sort(next.removed)
	return next
}

// counts says what l does to a build of so many movies.
func (l changes) counts(base string, movies int, has func(catalog.MovieID) bool) Later {
	c := Later{Base: base, Rows: movies}
	for _, a := range l.added {
		switch {
		case has(a.movie.ID):
			c.Changed++
		case l.gone(a.movie.ID):
			c.Rows++
		default:
			c.Rows++
			c.Added++
		}
	}
	for _, id := range l.removed {
		if has(id) {
			c.Removed++
		}
	}
	return c
}

func (l changes) content() content {
	return content{name: fileLater, data: func() ([]byte, error) { return l.encode(), nil }}
}

// encode returns l as [decodeLater] reads it.
func (l changes) encode() []byte {
	var ids []catalog.MovieID
	var titles, days, languages, genres []string
	var years []uint16
	var of []uint32
	var adult []bool
	var votes []float64
	var voters []int64
	var documents []byte
	var vectors []float32
	for _, a := range l.added {
		m := a.movie
		ids, titles, days, languages = append(ids, m.ID), append(titles, m.Title), append(days, m.ReleaseDate), append(languages, m.Language)
		years, adult = append(years, uint16(m.Year)), append(adult, m.Adult)
		genres, of = append(genres, m.Genres...), append(of, uint32(len(m.Genres)))
		votes, voters = append(votes, m.VoteAverage), append(voters, int64(m.VoteCount))
		documents = append(documents, a.document[:]...)
		vectors = append(vectors, a.vector...)
	}
	var e column.Encoder
	column.EncodeStrings(&e, ids)
	column.EncodeStrings(&e, titles)
	e.Uint16s(years)
	column.EncodeStrings(&e, days)
	e.Bools(adult)
	column.EncodeStrings(&e, languages)
	e.Uint32s(of)
	column.EncodeStrings(&e, genres)
	e.Float64s(votes)
	e.Int64s(voters)
	e.Bytes(documents)
	e.Float32s(vectors)
	column.EncodeStrings(&e, l.removed)
	return e.Data
}

// decodeLater reads what [changes.encode] wrote, with vectors of dims. It takes memory
// for a few times len(data). Errors wrap [ErrBroken].
func decodeLater(data []byte, dims int) (changes, error) {
	d := column.NewDecoder(data)
	ids, titles, years := column.DecodeStrings[catalog.MovieID](d), column.DecodeStrings[string](d), d.Uint16s()
	days, adult, languages := column.DecodeStrings[string](d), d.Bools(), column.DecodeStrings[string](d)
	of, genres := d.Uint32s(), column.DecodeStrings[string](d)
	votes, voters := d.Float64s(), d.Int64s()
	documents, vectors := d.Bytes(), d.Float32s()
	l := changes{removed: column.DecodeStrings[catalog.MovieID](d)}
	if err := finish(d); err != nil {
		return changes{}, err
	}
	n, hash := len(ids), len(rank.DocHash{})
	if len(titles) != n || len(years) != n || len(days) != n || len(adult) != n || len(languages) != n || len(of) != n ||
		len(votes) != n || len(voters) != n || len(documents) != n*hash || len(vectors) != n*dims {
		return changes{}, fmt.Errorf("columns of %d movies are not as long as each other: %w", n, ErrBroken)
	}
	for i := range n {
		if uint64(of[i]) > uint64(len(genres)) {
			return changes{}, fmt.Errorf("movie %d has %d genres, %d are left: %w", i, of[i], len(genres), ErrBroken)
		}
		m := catalog.Movie{
			ID: ids[i], Title: titles[i], Year: int(years[i]), ReleaseDate: days[i], Adult: adult[i], Language: languages[i],
			VoteAverage: votes[i], VoteCount: int(voters[i]),
		}
		if of[i] > 0 {
			m.Genres, genres = genres[:of[i]:of[i]], genres[of[i]:]
		}
		l.added = append(l.added, addition{m, rank.DocHash(documents[i*hash:]), vectors[i*dims:][:dims:dims]})
	}
	if len(genres) > 0 {
		return changes{}, fmt.Errorf("%d genres of no movie: %w", len(genres), ErrBroken)
	}
	return l, l.check()
}

// check returns an error that wraps [ErrBroken] for what cannot be laid over a build.
func (l changes) check() error {
	there := make(map[catalog.MovieID]bool, len(l.added))
	for _, a := range l.added {
		switch m := a.movie; {
		case m.ID == "" || there[m.ID]:
			return fmt.Errorf("movie %q came twice or has no id: %w", m.ID, ErrBroken)
		case math.IsNaN(m.VoteAverage) || math.IsInf(m.VoteAverage, 0):
			return fmt.Errorf("movie %q has a mean vote of %v: %w", m.ID, m.VoteAverage, ErrBroken)
		}
		there[a.movie.ID] = true
	}
	for i, id := range l.removed {
		if i > 0 && l.removed[i-1] >= id {
			return fmt.Errorf("movie %q that left stands out of order: %w", id, ErrBroken)
		}
	}
	return nil
}
