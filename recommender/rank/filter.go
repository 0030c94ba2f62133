package rank

import (
	"strings"
	"sync"
	"unicode"
)

// tags are the movies of each genre and of each language, by [fold] of its name, and
// what else rules and knobs need to know of all movies together.
// They take at most 4 bytes a movie and genre, and are made when they are first asked
// for.
type tags struct {
	once      sync.Once
	known     bool // the bundle tells genres and languages at all
	genres    map[string]tag
	languages map[string]tag
	dearest   float32 // the highest cost of a license
}

// A tag is the movies of one name, the shorter way: their rows, or a bit for each row.
type tag struct {
	rows []uint32
	bits []uint64
}

// shorten returns lists of rows, of a catalog of some movies, as tags.
func shorten(lists map[string][]uint32, movies int) map[string]tag {
	out := make(map[string]tag, len(lists))
	words := (movies + 63) / 64
	for name, rows := range lists {
		if len(rows) < 2*words {
			out[name] = tag{rows: rows}
			continue
		}
		t := tag{bits: make([]uint64, words)}
		for _, row := range rows {
			t.bits[row>>6] |= 1 << (row & 63)
		}
		out[name] = t
	}
	return out
}

// tagged returns the tags of m, made in O(movies) once.
func (m *Movies) tagged() *tags {
	t := m.tags
	if t == nil {
		t = new(tags) // columns that nobody indexed
	}
	t.once.Do(func() { t.read(m) })
	return t
}

func (t *tags) read(m *Movies) {
	for _, cost := range m.Costs {
		t.dearest = max(t.dearest, cost)
	}
	if t.known = m.Genres != nil; !t.known {
		return
	}
	genres, languages := make(map[string][]uint32), make(map[string][]uint32)
	folded := make(map[string]string) // the names are few
	short := func(name string) string {
		f, ok := folded[name]
		if !ok {
			f = fold(name)
			folded[name] = f
		}
		return f
	}
	for row := range uint32(m.Len()) {
		for _, name := range m.Genres[row] {
			g := short(name)
			genres[g] = append(genres[g], row)
		}
		if name := m.Languages[row]; name != "" {
			l := short(name)
			languages[l] = append(languages[l], row)
		}
	}
	t.genres, t.languages = shorten(genres, m.Len()), shorten(languages, m.Len())
}

// fold returns the same text for names that [strings.EqualFold] holds for equal.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
