package dataset

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"marquee/catalog"
)

// A Diff says what two versions do not have in common.
type Diff struct {
	From      string        `json:"from"`
	To        string        `json:"to"`
	FromScale catalog.Scale `json:"from_scale"`
	ToScale   catalog.Scale `json:"to_scale"`
	Tables    []TableDiff   `json:"tables"`
}

// A TableDiff counts the rows of one table that differ. A row of a history is
// named by person and movie: a new rating or a later watch changes it.
type TableDiff struct {
	Table    string    `json:"table"`
	Same     int64     `json:"same"`
	Added    int64     `json:"added"`
	Removed  int64     `json:"removed"`
	Changed  int64     `json:"changed"`
	Examples []Example `json:"examples,omitempty"` // the first of each kind
}

// An Example is one row that differs.
type Example struct {
	Change string          `json:"change"` // added, removed or changed
	User   catalog.UserID  `json:"user,omitempty"`
	Movie  catalog.MovieID `json:"movie,omitempty"`
	Fields []FieldChange   `json:"fields,omitempty"` // of a changed row
}

// A FieldChange is one field of a changed row; long values are cut.
type FieldChange struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// MaxExamples is the most examples of each kind of change in a table that
// [Shelf.Diff] can be asked for.
const MaxExamples = 1000

// fieldBytes is where the value of a field is cut.
const fieldBytes = 80

// A place names a row in two versions. Rows of a table come by user and movie, but
// for the movies of one history.
type place struct {
	user  catalog.UserID
	movie catalog.MovieID
}

func (p place) compare(q place) int {
	return cmp.Or(strings.Compare(string(p.user), string(q.user)), strings.Compare(string(p.movie), string(q.movie)))
}

// Diff compares two versions in one pass over both, holding one history of each
// at a time. Tables whose digests agree are not read. examples is how many of
// each kind of change to name in each table, 0 to [MaxExamples].
func (s *Shelf) Diff(ctx context.Context, from, to string, examples int) (Diff, error) {
	if examples < 0 || examples > MaxExamples {
		return Diff{}, fmt.Errorf("examples is %d, want 0 to %d: %w", examples, MaxExamples, catalog.ErrInvalid)
	}
	a, err := s.Open(ctx, from, nil)
	if err != nil {
		return Diff{}, err
	}
	defer a.Close()
	b, err := s.Open(ctx, to, nil)
	if err != nil {
		return Diff{}, err
	}
	defer b.Close()
	d := Diff{From: from, To: to, FromScale: a.manifest.Scale, ToScale: b.manifest.Scale}
	for _, step := range []func() (TableDiff, error){
		func() (TableDiff, error) { return diffTable(movieKind, a, b, examples, a.Movies(ctx), b.Movies(ctx)) },
		func() (TableDiff, error) { return diffTable(userKind, a, b, examples, a.Users(ctx), b.Users(ctx)) },
		func() (TableDiff, error) {
			return diffTable(seenKind, a, b, examples, a.Histories(ctx), b.Histories(ctx))
		},
		func() (TableDiff, error) {
			return diffTable(accountKind, a, b, examples, a.Accounts(ctx), b.Accounts(ctx))
		},
	} {
		t, err := step()
		if err != nil {
			return d, fmt.Errorf("compare %s with %s: %w", from, to, err)
		}
		d.Tables = append(d.Tables, t)
	}
	return d, nil
}

func diffTable[V, R any](k *kind[V, R], a, b *Snapshot, examples int, inA, inB iter.Seq2[V, error]) (TableDiff, error) {
	c := comparison[V, R]{kind: k, limit: examples, diff: TableDiff{Table: k.name}}
	if t := a.manifest.Table(k.name); t.Digest == b.manifest.Table(k.name).Digest {
		c.diff.Same = t.Rows
		return c.diff, nil
	}
	x, y := newGroups(k, inA), newGroups(k, inB)
	defer x.stop()
	defer y.stop()
	x.next()
	y.next()
	for {
		switch {
		case x.err != nil:
			return c.diff, x.err
		case y.err != nil:
			return c.diff, y.err
		case len(x.rows) == 0 && len(y.rows) == 0:
			return c.diff, nil
		}
		switch order := x.compare(y); {
		case order < 0:
			c.group(x.rows, nil)
			x.next()
		case order > 0:
			c.group(nil, y.rows)
			y.next()
		default:
			c.group(x.rows, y.rows)
			x.next()
			y.next()
		}
	}
}

// groups gives a table in runs of rows of one person, or of one movie: in them
// rows may stand in another order than their places.
type groups[V, R any] struct {
	kind *kind[V, R]
	pull func() (V, error, bool)
	stop func()
	rows []V // of the current group; empty at the end
	err  error
	held []V // the first row of the next group
}

func newGroups[V, R any](k *kind[V, R], in iter.Seq2[V, error]) *groups[V, R] {
	g := &groups[V, R]{kind: k}
	g.pull, g.stop = iter.Pull2(in)
	return g
}

func (g *groups[V, R]) next() {
	g.rows = append(g.rows[:0], g.held...)
	g.held = g.held[:0]
	for {
		v, err, ok := g.pull()
		if !ok || err != nil {
			g.err = err
			return
		}
		if len(g.rows) > 0 && g.name(&v) != g.name(&g.rows[0]) {
			g.held = append(g.held, v)
			return
		}
		g.rows = append(g.rows, v)
	}
}

// name returns the place of v's group.
func (g *groups[V, R]) name(v *V) place {
	p := g.kind.place(v)
	if p.user != "" {
		p.movie = ""
	}
	return p
}

// compare orders current groups; the end comes after all.
func (g *groups[V, R]) compare(h *groups[V, R]) int {
	if len(g.rows) == 0 || len(h.rows) == 0 {
		return cmp.Compare(len(h.rows), len(g.rows))
	}
	return g.name(&g.rows[0]).compare(h.name(&h.rows[0]))
}

// A comparison counts differences of one table.
type comparison[V, R any] struct {
	kind  *kind[V, R]
	limit int // of examples of each kind of change
	diff  TableDiff
	x, y  []byte // canonical encodings
}

// group compares the rows of one group, which it sorts.
func (c *comparison[V, R]) group(a, b []V) {
	order := func(v, w V) int { return c.kind.place(&v).compare(c.kind.place(&w)) }
	slices.SortStableFunc(a, order)
	slices.SortStableFunc(b, order)
	for len(a) > 0 || len(b) > 0 {
		at := cmp.Compare(len(b), len(a)) // if one of them has ended
		if len(a) > 0 && len(b) > 0 {
			at = order(a[0], b[0])
		}
		switch {
		case at < 0:
			c.note("removed", &c.diff.Removed, &a[0], nil)
			a = a[1:]
		case at > 0:
			c.note("added", &c.diff.Added, &b[0], nil)
			b = b[1:]
		case c.same(&a[0], &b[0]):
			c.diff.Same++
			a, b = a[1:], b[1:]
		default:
			c.note("changed", &c.diff.Changed, &a[0], &b[0])
			a, b = a[1:], b[1:]
		}
	}
}

func (c *comparison[V, R]) same(a, b *V) bool {
	extraA, errA := c.kind.check(a)
	extraB, errB := c.kind.check(b)
	if errA != nil || errB != nil { // was written with the check, so it cannot be
		return false
	}
	c.x, c.y = c.kind.canon(c.x[:0], a, extraA), c.kind.canon(c.y[:0], b, extraB)
	return bytes.Equal(c.x, c.y)
}

// note counts a change of v, to w if it is changed.
func (c *comparison[V, R]) note(change string, count *int64, v, w *V) {
	*count++
	if *count > int64(c.limit) {
		return
	}
	p := c.kind.place(v)
	e := Example{Change: change, User: p.user, Movie: p.movie}
	if w != nil {
		e.Fields = fieldChanges(v, w)
	}
	c.diff.Examples = append(c.diff.Examples, e)
}

// fieldChanges compares two rows by their JSON forms.
func fieldChanges(a, b any) []FieldChange {
	x, y := fieldsOf(a), fieldsOf(b)
	var out []FieldChange
	for name, before := range x {
		if after := y[name]; after != before {
			out = append(out, FieldChange{name, cutField(before), cutField(after)})
		}
	}
	for name, after := range y {
		if _, both := x[name]; !both {
			out = append(out, FieldChange{Name: name, After: cutField(after)})
		}
	}
	slices.SortFunc(out, func(f, g FieldChange) int { return cmp.Compare(f.Name, g.Name) })
	return out
}

func fieldsOf(v any) map[string]string {
	text, err := json.Marshal(v)
	var raw map[string]json.RawMessage
	if err != nil || json.Unmarshal(text, &raw) != nil {
		return nil // a row of a snapshot always has a JSON form
	}
	out := make(map[string]string, len(raw))
	for name, value := range raw {
		out[strings.ToLower(name)] = string(value)
	}
	return out
}

func cutField(s string) string {
	if len(s) <= fieldBytes {
		return s
	}
	return catalog.CutText(s, fieldBytes) + "..."
}
