package quality

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"marquee/catalog/stats"
)

// A tableProfile sums up one table and shows its rows to the checks.
type tableProfile struct {
	*table
	rows    int64
	columns []*columnProfile
	refs    []*refProfile
	checks  []*rowCheck
	row     row
}

func newTableProfile(t *table, seed uint64) *tableProfile {
	p := &tableProfile{table: t}
	for i, c := range t.columns {
		p.columns = append(p.columns, newColumnProfile(c, seed+uint64(i)))
	}
	for _, r := range t.refs {
		p.refs = append(p.refs, &refProfile{ref: r, column: t.index(r.column), missing: make(map[string]struct{})})
	}
	return p
}

// see takes the row at hand, p.row, into account.
func (p *tableProfile) see() {
	p.rows++
	for i, c := range p.columns {
		c.see(&p.row.cells[i], p.row.weight)
	}
	for i, r := range p.refs {
		r.see(&p.row, i)
	}
	for _, c := range p.checks {
		c.see(&p.row)
	}
}

// result returns the profile.
func (p *tableProfile) result() Table {
	out := Table{Name: p.name, About: p.about, Rows: p.rows}
	for _, c := range p.columns {
		out.Columns = append(out.Columns, c.result())
	}
	for _, r := range p.refs {
		out.References = append(out.References, r.result())
	}
	return out
}

// maxAsked is how many ids of holes are kept, to be looked up among the catalog
// API's negative answers.
const maxAsked = 10_000

// A refProfile counts the holes of one ref.
type refProfile struct {
	ref
	column         int
	rows, holes    int64
	distinct       stats.Distinct
	missing        map[string]struct{} // at most maxAsked
	asked, unknown int64
}

func (r *refProfile) see(row *row, i int) {
	c := &row.cells[r.column]
	if !c.has {
		return
	}
	r.rows++
	if row.holes&(1<<i) == 0 {
		return
	}
	r.holes++
	r.distinct.Add(c.text)
	if len(r.missing) < maxAsked {
		r.missing[c.text] = struct{}{}
	}
}

// askedAtOnce is how many ids one call of UnknownIDs is asked for.
const askedAtOnce = 500

// ask looks the missing ids up among those that the catalog API does not know.
func (r *refProfile) ask(ctx context.Context, src Telemetry) error {
	kind := "movie"
	if r.to == tableUsers {
		kind = "user"
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(r.missing)), askedAtOnce) {
		unknown, err := src.UnknownIDs(ctx, kind, ids)
		if err != nil {
			return fmt.Errorf("look up %d %s ids: %w", len(ids), kind, err)
		}
		r.asked += int64(len(ids))
		for _, id := range ids {
			if unknown[id] {
				r.unknown++
			}
		}
	}
	return nil
}

func (r *refProfile) result() Reference {
	out := Reference{Column: r.ref.column, To: r.to, Rows: r.rows, Holes: r.holes, Share: share(r.holes, r.rows), Asked: r.asked, Unknown: r.unknown}
	out.IDs, out.IDsExact = r.distinct.Count()
	return out
}
