package bundle

import (
	"fmt"

	"marquee/recommender/column"
	"marquee/recommender/rank"
)

// encodeFacts writes what filters, knobs and a later reindex ask of movies: genres,
// languages and collections, each by its number in a list of all, the hashes of documents,
// and what licenses cost. m must have genres, languages and documents; the others are
// written if it has them.
func encodeFacts(m *rank.Movies) []byte {
	var e column.Encoder
	var genres, languages names
	starts := make([]uint32, 1, m.Len()+1)
	var of, spoken []uint32
	hashes := make([]byte, 0, len(rank.DocHash{})*m.Len())
	for row := range m.Len() {
		for _, g := range m.Genres[row] {
			of = append(of, genres.number(g))
		}
		starts = append(starts, uint32(len(of)))
		spoken = append(spoken, languages.number(m.Languages[row]))
		hashes = append(hashes, m.Documents[row][:]...)
	}
	column.EncodeStrings(&e, genres.all)
	e.Uint32s(starts)
	e.Uint32s(of)
	column.EncodeStrings(&e, languages.all)
	e.Uint32s(spoken)
	e.Bytes(hashes)
	if m.Collections != nil {
		encodeCollections(&e, m)
	}
	return e.Data
}

// encodeCollections writes the columns that came with format 4.
func encodeCollections(e *column.Encoder, m *rank.Movies) {
	var collections names
	belongs := make([]uint32, m.Len())
	for row, c := range m.Collections {
		belongs[row] = collections.number(c)
	}
	column.EncodeStrings(e, collections.all)
	e.Uint32s(belongs)
	e.Float32s(m.Costs)
}

// decodeCollections fills in what [encodeCollections] wrote.
func decodeCollections(d *column.Decoder, m *rank.Movies) error {
	collections := column.DecodeStrings[string](d)
	belongs, costs := d.Uint32s(), d.Float32s()
	if err := finish(d); err != nil {
		return err
	}
	if len(belongs) != m.Len() || len(costs) != m.Len() {
		return fmt.Errorf("%d collections and %d costs for %d movies: %w", len(belongs), len(costs), m.Len(), ErrBroken)
	}
	m.Collections, m.Costs = make([]string, m.Len()), costs
	for row, c := range belongs {
		if int(c) >= len(collections) {
			return fmt.Errorf("collection %d of %d: %w", c, len(collections), ErrBroken)
		}
		if !(costs[row] >= 0) {
			return fmt.Errorf("movie %d costs %v, want 0 or more: %w", row, costs[row], ErrBroken)
		}
		m.Collections[row] = collections[c]
	}
	return nil
}

// decodeFacts fills in the columns of m that [encodeFacts] wrote.
func decodeFacts(data []byte, m *rank.Movies) error {
	d := column.NewDecoder(data)
	genres := column.DecodeStrings[string](d)
	starts, of := d.Uint32s(), d.Uint32s()
	languages := column.DecodeStrings[string](d)
	spoken, hashes := d.Uint32s(), d.Bytes()
	if d.More() {
		if err := decodeCollections(d, m); err != nil {
			return err
		}
	} else if err := finish(d); err != nil {
		return err
	}
	n := m.Len()
	if len(starts) != n+1 || starts[0] != 0 || int(starts[n]) != len(of) || len(spoken) != n || len(hashes) != n*len(rank.DocHash{}) {
		return fmt.Errorf("%d starts of %d genres, %d languages and %d bytes of hashes for %d movies: %w", len(starts), len(of), len(spoken), len(hashes), n, ErrBroken)
	}
	all := make([]string, len(of))
	for i, g := range of {
		if int(g) >= len(genres) {
			return fmt.Errorf("genre %d of %d: %w", g, len(genres), ErrBroken)
		}
		all[i] = genres[g]
	}
	m.Genres, m.Languages, m.Documents = make([][]string, n), make([]string, n), make([]rank.DocHash, n)
	for row := range n {
		from, to := starts[row], starts[row+1]
		if from > to || int(to) > len(all) || int(spoken[row]) >= len(languages) {
			return fmt.Errorf("genres or language of movie %d: %w", row, ErrBroken)
		}
		if from < to {
			m.Genres[row] = all[from:to:to]
		}
		m.Languages[row] = languages[spoken[row]]
		m.Documents[row] = rank.DocHash(hashes[row*len(rank.DocHash{}):])
	}
	return nil
}

// names numbers texts in the order in which they come.
type names struct {
	all []string
	of  map[string]uint32
}

func (n *names) number(text string) uint32 {
	if i, known := n.of[text]; known {
		return i
	}
	if n.of == nil {
		n.of = make(map[string]uint32)
	}
	i := uint32(len(n.all))
	n.of[text] = i
	n.all = append(n.all, text)
	return i
}
