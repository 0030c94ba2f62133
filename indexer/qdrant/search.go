package qdrant

import (
	"cmp"
	"context"
	"slices"

	api "github.com/qdrant/go-client/qdrant"

	"marquee/embedder/vec"
	"marquee/indexer"
)

const (
	// spare is how many more points are asked for than are wanted, so that equal ones at
	// the end of a list, and points that are not known here, seldom cost a second call.
	spare = 16
	// tieRows is how far a search looks for equal points beyond the end of a list.
	tieRows = 512
	// maxPoints is how many points a call asks for at most.
	maxPoints = 1 << 20
)

// Search implements [indexer.Index] within Config.Timeout. What keep refuses is asked
// for only if few rows are left: then the rows that it refuses, or those that it keeps,
// are sent along, whichever are fewer and at most Config.MaxIDs, else twice the points
// are asked for until there are enough. An approximate search that finds too few is
// done again exactly. Beside those of indexer.Index, errors wrap
// [catalog.ErrUnavailable] when the server cannot be reached in time.
func (ix *Index) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	return ix.search(ctx, q, k, Filter{}, keep)
}

// SearchFilter is [Index.Search] with a filter that the server applies. Fewer than k
// rows come back only when fewer pass.
func (ix *Index) SearchFilter(ctx context.Context, q []float32, k int, f Filter) ([]indexer.Hit, error) {
	return ix.search(ctx, q, k, f, nil)
}

func (ix *Index) search(ctx context.Context, q []float32, k int, f Filter, keep indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, ix.dims, k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if ix.alive == 0 || indexer.ZeroRow(q, ix.dims, 0) {
		return nil, nil
	}
	limited, cancel := ix.limit(ctx)
	defer cancel()
	if err := ix.ready(ctx, limited); err != nil {
		return nil, err
	}
	s := ix.newSeeker(q, k, f, keep, ix.excluding(f.Exclude))
	if err := s.run(ctx, limited); err != nil {
		return nil, err
	}
	return s.answer(k), nil
}

// A seeker is one search of one index.
type seeker struct {
	*Index
	q      []float32
	filter Filter
	keep   indexer.Keep // nil keeps all

	want  int            // rows to find on the server
	limit int            // points to ask for
	not   *api.Condition // points that the server is to leave out; nil: none
	only  *api.Condition // points that it is to choose from; nil: all
	split bool           // keep was asked about every row
	full  bool           // there is no approximate search: exact, or again
	hits  []indexer.Hit
	local []indexer.Hit // of rows that the server does not have
	ties  bool          // the last point is as near as the last hit that is wanted
}

func (ix *Index) newSeeker(q []float32, k int, f Filter, keep indexer.Keep, out *exclusion) *seeker {
	s := &seeker{Index: ix, q: q, filter: f, keep: out.and(keep), full: ix.exact, not: out.not}
	for _, row := range ix.waiting {
		if p := ix.own[row]; s.keeps(row) && (f.plain() || p.payload != nil && f.lets(*p.payload)) {
			s.local = append(s.local, indexer.Hit{Row: row, Score: vec.Dot(q, p.vector)})
		}
	}
	s.aim(min(k, ix.alive-len(ix.waiting)-out.sent))
	return s
}

// An exclusion is rows that searches leave out: by the server as far as it is sent
// their ids, and here.
type exclusion struct {
	gone map[uint32]bool
	sent int            // of gone, those that the server is told of
	not  *api.Condition // what it is told, with the points of rows as they were before
}

func (ix *Index) excluding(rows []uint32) *exclusion {
	e := &exclusion{gone: make(map[uint32]bool, len(rows))}
	var out []uint32
	for _, row := range rows {
		if e.gone[row] {
			continue
		}
		e.gone[row] = true
		if len(out) < ix.client.cfg.MaxIDs && ix.onServer(row) {
			out = append(out, row)
		}
	}
	e.sent, e.not = len(out), ix.points(out, true)
	return e
}

// and returns a keep that refuses the excluded rows, too.
func (e *exclusion) and(keep indexer.Keep) indexer.Keep {
	if len(e.gone) == 0 {
		return keep
	}
	return func(row uint32) bool { return !e.gone[row] && (keep == nil || keep(row)) }
}

// points returns the condition that a point is one of rows', or if moved one that
// stands for a row as it was before; nil if there is none. Of the latter at most
// Config.MaxIDs are named, the others are left out here.
func (ix *Index) points(rows []uint32, moved bool) *api.Condition {
	ids := make([]*api.PointId, len(rows))
	for i, row := range rows {
		ids[i] = ix.id(row)
	}
	if moved {
		ids = append(ids, ix.moved...)
	}
	if len(ids) == 0 {
		return nil
	}
	return api.NewHasID(ids...)
}

// onServer says whether there is a point for a row, as it is.
func (ix *Index) onServer(row uint32) bool {
	return int64(row) < int64(ix.rows) && ix.vector(row) != nil && !ix.own[row].waits
}

func (s *seeker) keeps(row uint32) bool { return s.keep == nil || s.keep(row) }

// aim sets what to look for.
func (s *seeker) aim(want int) { s.want, s.limit = want, min(want+spare, maxPoints) }

func (s *seeker) run(ctx, limited context.Context) error {
	for s.want > 0 {
		found, err := fetch(ctx, limited, s.Index, "search", func(ctx context.Context) (*api.QueryResponse, error) {
			return s.client.rpc.Points().Query(ctx, s.query())
		})
		if err != nil {
			return missing(err, s.collection)
		}
		if s.take(found.GetResult()) {
			return nil
		}
	}
	return nil
}

// take takes the points that the server found and says whether that is enough; if not,
// it changes the query.
func (s *seeker) take(points []*api.ScoredPoint) bool {
	s.accept(points)
	more := len(points) >= s.limit && s.limit < maxPoints
	switch {
	case len(s.hits) >= s.want && !(more && s.ties && s.limit < s.want+tieRows):
		return true
	case len(s.hits) < s.want && s.keep != nil && !s.split:
		s.narrow()
		return len(s.hits) >= s.want && !more
	case more:
		s.limit = min(2*s.limit, maxPoints)
	case len(s.hits) < s.want && !s.full:
		s.full = true
		s.aim(s.want)
	default:
		return true // the server has no more
	}
	return false
}

// accept keeps what is known here and kept, and scores it.
func (s *seeker) accept(points []*api.ScoredPoint) {
	s.hits = s.hits[:0]
	s.ties = false
	for _, p := range points {
		row, known := s.rowOf(p.GetId())
		if !known || !s.keeps(row) {
			continue
		}
		if v := s.vector(row); v != nil {
			s.hits = append(s.hits, indexer.Hit{Row: row, Score: vec.Dot(s.q, v)})
			if len(s.hits) == s.want {
				s.ties = points[len(points)-1].GetScore() >= p.GetScore()
			}
		}
	}
}

// narrow asks keep about every row and lets the server have its answer, if that is
// short enough to send.
func (s *seeker) narrow() {
	s.split = true
	var kept, refused []uint32
	for row := range uint32(s.rows) {
		if !s.onServer(row) {
			continue
		}
		if s.keep(row) {
			kept = append(kept, row)
		} else {
			refused = append(refused, row)
		}
	}
	switch most := s.client.cfg.MaxIDs; {
	case len(refused) <= min(most, len(kept)):
		s.not = s.points(refused, true)
	case len(kept) <= most:
		s.not, s.only = nil, s.points(kept, false)
	}
	s.aim(min(s.want, len(kept)))
}

// answer returns the k best of all that was found.
func (s *seeker) answer(k int) []indexer.Hit {
	all := slices.Concat(s.hits, s.local)
	slices.SortFunc(all, compareHits)
	all = slices.Compact(all) // a server that says a thing twice
	return slices.Clip(all[:min(k, len(all))])
}

func compareHits(a, b indexer.Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
}

func (s *seeker) query() *api.QueryPoints {
	return &api.QueryPoints{
		CollectionName: s.collection,
		Query:          api.NewQueryDense(s.q),
		Filter:         s.conditions(),
		Params:         s.params(s.full),
		Limit:          api.PtrOf(uint64(s.limit)),
	}
}

// conditions returns what the server is to check, nil if nothing.
func (s *seeker) conditions() *api.Filter {
	f := s.filter.conditions()
	if s.not != nil {
		f.MustNot = append(f.MustNot, s.not)
	}
	if s.only != nil {
		f.Must = append(f.Must, s.only)
	}
	if len(f.GetMust())+len(f.GetMustNot()) == 0 {
		return nil
	}
	return f
}

func (ix *Index) params(exact bool) *api.SearchParams {
	p := &api.SearchParams{HnswEf: api.PtrOf(uint64(ix.ef))}
	if exact {
		p.Exact = api.PtrOf(true)
	}
	if ix.quantised {
		p.Quantization = &api.QuantizationSearchParams{
			Ignore: api.PtrOf(exact), Rescore: api.PtrOf(true), Oversampling: api.PtrOf(ix.client.cfg.Oversampling),
		}
	}
	return p
}
