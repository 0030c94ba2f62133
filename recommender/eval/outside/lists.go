package outside

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// unknownRow stands for a movie that the catalog does not know. It keeps its
// place in a list and eval counts it among the faults.
const unknownRow = math.MaxUint32

// Lists are lists that another program wrote, one for each person.
type Lists struct {
	Name     string
	Counts   ListCounts
	Warnings []string

	byUser map[catalog.UserID][]uint32
}

// ListCounts says what a file of lists holds.
type ListCounts struct {
	Lists         int `json:"lists"`          // of people of the split
	Without       int `json:"without"`        // people of the split without a list
	UnknownUsers  int `json:"unknown_users"`  // lists for others, left out
	UnknownMovies int `json:"unknown_movies"` // places taken by movies that the split does not have
	Cut           int `json:"cut"`            // places after the first eval.MaxList, left out
}

// Model returns l as a model. Whoever has no list gets an empty one.
func (l *Lists) Model() eval.Model {
	list := func(_ context.Context, user catalog.UserID, _ []eval.Seen, n int) ([]uint32, error) {
		list := l.byUser[user]
		return list[:min(n, len(list))], nil
	}
	return eval.Model{Name: l.Name, List: list}
}

// ReadLists reads the lists of the file for the people and movies of s. Lines
// are "user, item", with a third column rank or score if there is one, or
// "user, items divided by commas". A third column that no header names is a rank
// if every person's values are 1 to the length of the list or start at 0 in the
// same way, else a score, of which the greatest is best; what has equal values
// stays in the order of the file.
//
// A line that cannot be read, a movie listed for nobody of s, or no movie of s at
// all is an error that wraps [catalog.ErrInvalid]. It takes O(n log n) for n
// places.
func ReadLists(ctx context.Context, name, file string, s *eval.Split) (*Lists, error) {
	r := &listReader{rows: make(map[string]uint32, len(s.Train.Movies)), users: make(map[string]bool, len(s.Train.Users)), lists: make(map[string][]place)}
	for row, id := range s.Train.Movies {
		r.rows[string(id)] = uint32(row)
	}
	for _, u := range s.Train.Users {
		r.users[string(u.User)] = true
	}
	if err := eachLine(ctx, file, maxListBytes, r.line); err != nil {
		return nil, err
	}
	out := &Lists{Name: name, byUser: make(map[catalog.UserID][]uint32, len(r.lists))}
	if err := out.fill(r, file); err != nil {
		return nil, err
	}
	out.Counts.Without = len(s.Train.Users) - out.Counts.Lists
	out.warn()
	return out, nil
}

// A place is one movie of a list.
type place struct {
	row   uint32
	value float64 // rank or score
}

type listReader struct {
	rows  map[string]uint32
	users map[string]bool
	lists map[string][]place

	width      int // columns; 0 before the first line
	user, item int
	value      int // -1 for none
	order      string
	whole      bool // one line a person
	known      int  // places of movies that the split has
}

func (r *listReader) line(_ int, line string) error {
	cells := strings.Split(line, "\t")
	if r.width == 0 {
		header, err := r.start(cells)
		if err != nil || header {
			return err
		}
	}
	if len(cells) != r.width {
		return fmt.Errorf("%d columns, want %d as in the first line: %w", len(cells), r.width, catalog.ErrInvalid)
	}
	user := strings.TrimSpace(cells[r.user])
	if _, err := catalog.ParseUserID(user); err != nil {
		return err
	}
	if items := cells[r.item]; strings.Contains(items, ",") || r.whole {
		return r.list(user, items)
	}
	p, err := r.place(cells[r.item])
	if err != nil {
		return err
	}
	if r.value >= 0 {
		if p.value, err = number(strings.TrimSpace(cells[r.value])); err != nil {
			return fmt.Errorf("rank or score is %.40q, want a finite number: %w", cells[r.value], catalog.ErrInvalid)
		}
	}
	r.lists[user] = append(r.lists[user], p)
	return nil
}

// start reads what the first line says of the form.
func (r *listReader) start(cells []string) (header bool, err error) {
	r.width, r.user, r.item, r.value = len(cells), 0, 1, -1
	if at, ok := columns(cells); ok {
		r.user, r.item = at["user"], at["item"]
		for _, name := range []string{"rank", "score", "rating"} {
			if i, ok := at[name]; ok && r.value < 0 {
				r.value, r.order = i, name
			}
		}
		return true, nil
	}
	if len(cells) < 2 || len(cells) > 3 {
		return false, fmt.Errorf("%d columns, want user, item and, if need be, rank or score, divided by tabs; or user and items divided by commas: %w", len(cells), catalog.ErrInvalid)
	}
	if len(cells) == 3 {
		r.value = 2
	}
	r.whole = strings.Contains(cells[1], ",")
	return false, nil
}

// list reads a line that holds a whole list.
func (r *listReader) list(user, items string) error {
	r.whole = true
	if _, twice := r.lists[user]; twice {
		return fmt.Errorf("a second list for user %q, want one line a user: %w", user, catalog.ErrInvalid)
	}
	list := []place{}
	if items = strings.TrimSpace(items); items != "" {
		for id := range strings.SplitSeq(items, ",") {
			p, err := r.place(id)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
	}
	r.lists[user] = list
	return nil
}

func (r *listReader) place(id string) (place, error) {
	id = strings.TrimSpace(id)
	if _, err := catalog.ParseMovieID(id); err != nil {
		return place{}, err
	}
	row, known := r.rows[id]
	if !known {
		return place{row: unknownRow}, nil
	}
	r.known++
	return place{row: row}, nil
}

// ranked reports whether the values are ranks.
func (r *listReader) ranked() bool {
	if r.order != "" {
		return r.order == "rank"
	}
	for _, list := range r.lists {
		values := make([]float64, len(list))
		for i, p := range list {
			values[i] = p.value
		}
		slices.Sort(values)
		for i, v := range values {
			if v != values[0]+float64(i) || values[0] != 0 && values[0] != 1 {
				return false
			}
		}
	}
	return true
}

func (l *Lists) fill(r *listReader, file string) error {
	sign := -1.0 // the greatest score first
	if r.value >= 0 && r.ranked() {
		sign = 1
	}
	for user, list := range r.lists {
		if !r.users[user] {
			l.Counts.UnknownUsers++
			continue
		}
		if r.value >= 0 {
			slices.SortStableFunc(list, func(a, b place) int { return cmp.Compare(sign*a.value, sign*b.value) })
		}
		if over := len(list) - eval.MaxList; over > 0 {
			l.Counts.Cut += over
			list = list[:eval.MaxList]
		}
		out := make([]uint32, len(list))
		for i, p := range list {
			out[i] = p.row
			if p.row == unknownRow {
				l.Counts.UnknownMovies++
			}
		}
		l.byUser[catalog.UserID(user)] = out
		l.Counts.Lists++
	}
	switch {
	case len(r.lists) == 0:
		return fmt.Errorf("%s: no lists, want user, item and rank divided by tabs: %w", file, catalog.ErrInvalid)
	case l.Counts.Lists == 0:
		return fmt.Errorf("%s: lists of %d users, of whom the split has none; want lists made of its training part, with its ids: %w", file, len(r.lists), catalog.ErrInvalid)
	case r.known == 0:
		return fmt.Errorf("%s: the split has none of the movies listed; want lists made of its training part, with its ids: %w", file, catalog.ErrInvalid)
	}
	return nil
}

func (l *Lists) warn() {
	c := l.Counts
	for _, w := range []struct {
		n    int
		text string
	}{
		{c.Without, fmt.Sprintf("%s: %d of %d users have no list and get an empty one", l.Name, c.Without, c.Without+c.Lists)},
		{c.UnknownUsers, fmt.Sprintf("%s: %d lists for users the split does not have, left out", l.Name, c.UnknownUsers)},
		{c.UnknownMovies, fmt.Sprintf("%s: %d places taken by movies the split does not have", l.Name, c.UnknownMovies)},
		{c.Cut, fmt.Sprintf("%s: %d places after the first %d of a list, left out", l.Name, c.Cut, eval.MaxList)},
	} {
		if w.n > 0 {
			l.Warnings = append(l.Warnings, w.text)
		}
	}
}
