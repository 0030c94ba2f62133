package bundle

import (
	"fmt"
	"slices"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// Histories are the histories of all people at the time of the build. They
// answer while the store is away, so that a watched movie stays out then too.
type Histories struct {
	Users   []catalog.UserID // ascending
	Starts  []uint32         // [len(Users)+1]: the entries of Users[i] are Starts[i] up to Starts[i+1]
	Rows    []uint32         // of movies, newest first within a person
	Weights []uint8          // ten times model.Preference of each
	Scale   catalog.Scale    // of the ratings in what Of returns; not part of the file
}

// Of returns what u had watched, newest first, and whether u is known.
func (h *Histories) Of(u catalog.UserID) (rank.Taste, bool) {
	i, ok := slices.BinarySearch(h.Users, u)
	if !ok {
		return rank.Taste{}, false
	}
	from, to := h.Starts[i], h.Starts[i+1]
	t := rank.Taste{Watched: make([]rank.Watched, 0, to-from), Seen: make([]model.Seen, 0, to-from)}
	for k := from; k < to; k++ {
		t.Watched = append(t.Watched, rank.Watched{Row: h.Rows[k], Preference: h.Weights[k]})
		t.Seen = append(t.Seen, model.Preferred(h.Rows[k], h.Weights[k], h.Scale))
	}
	return t, true
}

// Add appends the history of a person, who must come after all before.
func (h *Histories) Add(u catalog.UserID, t rank.Taste) {
	if len(h.Starts) == 0 {
		h.Starts = append(h.Starts, 0)
	}
	h.Users = append(h.Users, u)
	for _, w := range t.Watched {
		h.Rows = append(h.Rows, w.Row)
		h.Weights = append(h.Weights, w.Preference)
	}
	h.Starts = append(h.Starts, uint32(len(h.Rows)))
}

// OfModels returns what h tells models.
func (h *Histories) OfModels() model.Histories {
	return model.Histories{Starts: h.Starts, Rows: h.Rows, Preferences: h.Weights}
}

func (h *Histories) check(movies int) error {
	if len(h.Users) == 0 {
		return nil
	}
	n := len(h.Rows)
	if len(h.Starts) != len(h.Users)+1 || h.Starts[0] != 0 || int(h.Starts[len(h.Users)]) != n || len(h.Weights) != n {
		return fmt.Errorf("histories of %d people have %d starts, %d rows, %d weights: %w", len(h.Users), len(h.Starts), n, len(h.Weights), ErrBroken)
	}
	if !slices.IsSorted(h.Users) || !slices.IsSorted(h.Starts) {
		return fmt.Errorf("histories are out of order: %w", ErrBroken)
	}
	for _, r := range h.Rows {
		if int(r) >= movies {
			return fmt.Errorf("histories name movie %d of %d: %w", r, movies, ErrBroken)
		}
	}
	return nil
}

func (h *Histories) encode() []byte {
	var e column.Encoder
	column.EncodeStrings(&e, h.Users)
	e.Uint32s(h.Starts)
	e.Uint32s(h.Rows)
	e.Bytes(h.Weights)
	return e.Data
}

func decodeHistories(data []byte, movies int) (*Histories, error) {
	d := column.NewDecoder(data)
	h := &Histories{Users: column.DecodeStrings[catalog.UserID](d), Starts: d.Uint32s(), Rows: d.Uint32s(), Weights: d.Bytes()}
	if err := finish(d); err != nil {
		return nil, err
	}
	return h, h.check(movies)
}
