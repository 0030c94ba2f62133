package indexertest_test

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// A changer is a plain, right index that takes changes; fault says what it does wrong.
type changer struct {
	exact
	fault  string
	depth  int      // changes since it was built
	fresh  []uint32 // rows of the last change
	parent *changer
}

func (x *changer) With(ctx context.Context, later []indexer.Later) (indexer.Index, error) {
	if err := ctx.Err(); err != nil && x.fault != "context ignored" {
		return nil, err
	}
	next := &changer{exact: x.exact, fault: x.fault, depth: x.depth + 1, parent: x}
	switch x.fault {
	case "written in place", "appended to what is shared":
		if cap(next.vecs) == len(next.vecs) {
			next.vecs = append(make([]float32, 0, 4*len(x.vecs)+1000*x.dims), x.vecs...)
		}
		if x.fault == "written in place" && x.depth == 0 {
			next.vecs = x.vecs
		}
	default:
		next.vecs = slices.Clone(x.vecs)
	}
	checked, _, err := indexer.CheckLater(later, x.Len(), x.dims)
	switch {
	case err != nil && x.fault == "half a change":
		x.vecs = append(slices.Clone(x.vecs), later[0].Vector...)
		return nil, err
	case err != nil && x.fault == "an index beside the error":
		return x, err
	case err != nil && x.fault == "faults left out":
		checked, _, _ = indexer.CheckLater(later[:1], x.Len(), x.dims)
	case err != nil:
		return nil, err
	}
	if x.fault == "the first counts" {
		checked = slices.Clone(later)
		slices.Reverse(checked)
		slices.SortStableFunc(checked, func(a, b indexer.Later) int { return cmp.Compare(a.Row, b.Row) })
	}
	for _, l := range checked {
		next.put(l)
	}
	return next, nil
}

func (x *changer) put(l indexer.Later) {
	at := int(l.Row) * x.dims
	switch {
	case at == len(x.vecs):
		x.vecs = append(x.vecs, l.Vector...)
	case x.fault == "edits ignored" && !zero(l.Vector):
	case x.fault == "removals ignored" && zero(l.Vector):
	default:
		copy(x.vecs[at:], l.Vector)
	}
	x.fresh = append(x.fresh, l.Row)
}

func (x *changer) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	was, other := x.exact, keep
	switch {
	case x.fault == "keep for old rows only" && x.depth > 0:
		keep = func(row uint32) bool { return slices.Contains(x.fresh, row) || other == nil || other(row) }
	case x.fault == "changed rows not found":
		keep = func(row uint32) bool { return !slices.Contains(x.fresh, row) && (other == nil || other(row)) }
	case x.fault == "answers from the parent" && x.parent != nil:
		was = x.parent.exact
	case x.fault == "later rows first among equals" && x.depth > 0:
		hits, err := x.right(ctx, q, k, keep)
		slices.SortStableFunc(hits, func(a, b indexer.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Row, a.Row)) })
		return hits, err
	case x.fault == "one in ten missed after changes" && x.depth > 0:
		keep = func(row uint32) bool { return row%10 != 3 && (other == nil || other(row)) }
		hits, err := was.right(ctx, q, k, keep)
		if full, _ := was.right(ctx, q, k, other); err == nil && len(hits) < len(full) {
			hits = full // so many come back, as they should
		}
		return hits, err
	}
	return was.right(ctx, q, k, keep)
}

func changers(fault string) indexertest.Build {
	return func(_ *testing.T, vecs []float32, dims int) indexer.Index {
		return &changer{exact: exact{vecs: vecs, dims: dims}, fault: fault}
	}
}

func TestKitPassesARightChanger(t *testing.T) {
	indexertest.TestIndex(t, changers(""), 1)
}

// An index that takes no changes is judged with what [indexer.Beside] puts beside it.
func TestKitPassesWhatStandsBeside(t *testing.T) {
	indexertest.TestChanges(t, builder(mutation{}), 1)
}

func TestKitFailsBrokenChangers(t *testing.T) {
	tests := []struct{ fault, want string }{
		{"edits ignored", "changes like a model"},
		{"removals ignored", "a row from nothing to nothing"},
		{"the first counts", "changes like a model"},
		{"changed rows not found", "changes like a model"},
		{"keep for old rows only", "changes like a model"},
		{"answers from the parent", "changes like a model"},
		{"later rows first among equals", "ties after changes"},
		{"written in place", "receiver and branches"},
		{"appended to what is shared", "receiver and branches"},
		{"half a change", "changes that are refused"},
		{"an index beside the error", "changes that are refused"},
		{"faults left out", "changes that are refused"},
		{"context ignored", "cancelled change"},
		{"one in ten missed after changes", "recall after churn"},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			for _, c := range indexertest.ChangeChecks() {
				if c.Name != tt.want {
					continue
				}
				if err := c.Run(t, changers(tt.fault), 0.5); err == nil {
					t.Errorf("check %q passed", tt.want)
				}
				return
			}
			t.Errorf("the kit has no check %q", tt.want)
		})
	}
}
