package precomputed

import (
	"fmt"
	"math"
	"slices"

	"marquee/catalog"
	"marquee/recommender/column"
)

// A Table is everybody's list. Nothing writes to it once it is made.
type Table struct {
	users  []catalog.UserID // ascending; each has a list that is not empty
	starts []uint32         // [len(users)+1]: the list of users[i] is rows[starts[i]:starts[i+1]]
	rows   []uint32
}

// Len returns the number of people.
func (t *Table) Len() int { return len(t.users) }

// Of is [model.Lists]'s. What it returns must not be changed.
func (t *Table) Of(u catalog.UserID) ([]uint32, bool) {
	i, ok := slices.BinarySearch(t.users, u)
	if !ok {
		return nil, false
	}
	return t.list(i), true
}

func (t *Table) list(i int) []uint32 {
	from, to := t.starts[i], t.starts[i+1]
	return t.rows[from:to:to]
}

// add appends the list of a person, who must come after all before; an empty one
// is left out.
func (t *Table) add(u catalog.UserID, list []uint32) error {
	if len(list) == 0 {
		return nil
	}
	if len(t.rows)+len(list) > math.MaxInt32 {
		return fmt.Errorf("lists hold more than %d movies; make them shorter: %w", math.MaxInt32, catalog.ErrInvalid)
	}
	t.users = append(t.users, u)
	t.rows = append(t.rows, list...)
	t.starts = append(t.starts, uint32(len(t.rows)))
	return nil
}

// Without returns a table without those who are gone, and how many of them it had.
// The receiver stays as it is.
func (t *Table) Without(gone func(catalog.UserID) bool) (*Table, int) {
	left := &Table{starts: []uint32{0}}
	for i, u := range t.users {
		if gone(u) {
			continue
		}
		left.users = append(left.users, u)
		left.rows = append(left.rows, t.list(i)...)
		left.starts = append(left.starts, uint32(len(left.rows)))
	}
	return left, len(t.users) - len(left.users)
}

// Encode returns t as bytes for Decode.
func (t *Table) Encode() []byte {
	var e column.Encoder
	column.EncodeStrings(&e, t.users)
	e.Uint32s(t.starts)
	e.Uint32s(t.rows)
	return e.Data
}

// Decode returns the table of bytes from Encode, on a catalog of as many movies.
// Its errors wrap [column.ErrBroken].
func Decode(data []byte, movies int) (*Table, error) {
	d := column.NewDecoder(data)
	t := &Table{users: column.DecodeStrings[catalog.UserID](d), starts: d.Uint32s(), rows: d.Uint32s()}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("read lists: %w", err)
	}
	if err := t.check(movies); err != nil {
		return nil, fmt.Errorf("read lists: %w: %w", err, column.ErrBroken)
	}
	return t, nil
}

func (t *Table) check(movies int) error {
	n := len(t.users)
	if len(t.starts) != n+1 || t.starts[0] != 0 || int(t.starts[n]) != len(t.rows) {
		return fmt.Errorf("%d people have %d starts and %d movies", n, len(t.starts), len(t.rows))
	}
	for i := range n {
		if t.starts[i] >= t.starts[i+1] {
			return fmt.Errorf("the list of person %d is empty or starts out of order", i)
		}
		if i > 0 && t.users[i-1] >= t.users[i] {
			return fmt.Errorf("person %d is out of order", i)
		}
	}
	for _, r := range t.rows {
		if int(r) >= movies {
			return fmt.Errorf("a list names movie %d of %d", r, movies)
		}
	}
	return nil
}
