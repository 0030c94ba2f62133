package indexer_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"marquee/indexer"
)

// A shelf is an index whose answers are laid out beforehand: by the first value
// of the query.
type shelf struct {
	rows    int
	answers map[float32][]indexer.Hit
}

func (s shelf) Len() int  { return s.rows }
func (s shelf) Dims() int { return 2 }

func (s shelf) Search(ctx context.Context, q []float32, k int, _ indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, 2, k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	hits := s.answers[q[0]]
	return hits[:min(k, len(hits))], nil
}

func hits(rowsAndScores ...float32) []indexer.Hit {
	var out []indexer.Hit
	for i := 0; i < len(rowsAndScores); i += 2 {
		out = append(out, indexer.Hit{Row: uint32(rowsAndScores[i]), Score: rowsAndScores[i+1]})
	}
	return out
}

func TestRecall(t *testing.T) {
	truth := map[float32][]indexer.Hit{
		1: hits(0, 0.9, 1, 0.8, 2, 0.7, 3, 0.6),
		2: hits(4, 0.5, 5, 0.4),
	}
	tests := []struct {
		name    string
		answers map[float32][]indexer.Hit
		queries []float32
		k       int
		want    float64
	}{
		{"all found", truth, []float32{1, 0, 2, 0}, 4, 1},
		{"nothing found", nil, []float32{1, 0, 2, 0}, 4, 0},
		{"one of four missed", map[float32][]indexer.Hit{1: hits(0, 0.9, 1, 0.8, 3, 0.6, 9, 0.1)}, []float32{1, 0}, 4, 0.75},
		{"missed at the edge of k", map[float32][]indexer.Hit{1: hits(0, 0.9, 2, 0.7)}, []float32{1, 0}, 2, 0.5},
		{"an equal row for the last", map[float32][]indexer.Hit{1: hits(0, 0.9, 7, 0.8)}, []float32{1, 0}, 2, 1},
		{"sums in another order", map[float32][]indexer.Hit{1: hits(0, 0.9, 1, 0.8-5e-7)}, []float32{1, 0}, 2, 1},
		{"more rows than k count once", map[float32][]indexer.Hit{2: hits(4, 0.5, 5, 0.4, 6, 0.4)}, []float32{2, 0}, 4, 1},
		{"queries weigh by what they have", map[float32][]indexer.Hit{1: truth[1]}, []float32{1, 0, 2, 0}, 4, 4.0 / 6},
		{"no neighbours, nothing missed", nil, []float32{3, 0}, 4, 1},
		{"no queries, nothing missed", nil, nil, 4, 1},
	}
	for _, tt := range tests {
		got, err := indexer.Recall(t.Context(), shelf{10, tt.answers}, shelf{10, truth}, tt.queries, tt.k)
		if err != nil || math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: recall %v, error %v, want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestRecallErrors(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name    string
		ctx     context.Context
		exact   shelf
		queries []float32
		k       int
		want    error
	}{
		{"other rows", t.Context(), shelf{rows: 9}, []float32{1, 0}, 4, indexer.ErrDims},
		{"half a query", t.Context(), shelf{rows: 10}, []float32{1, 0, 2}, 4, indexer.ErrDims},
		{"k of 0", t.Context(), shelf{rows: 10}, []float32{1, 0}, 0, indexer.ErrCount},
		{"NaN", t.Context(), shelf{rows: 10}, []float32{1, float32(math.NaN())}, 4, indexer.ErrVector},
		{"ended", ended, shelf{rows: 10}, []float32{1, 0}, 4, context.Canceled},
	}
	for _, tt := range tests {
		if _, err := indexer.Recall(tt.ctx, shelf{rows: 10}, tt.exact, tt.queries, tt.k); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestCheckFloor(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		movies, profiles, floor float64
		pass                    bool
	}{
		{0.98, 0.98, 0.98, true},
		{1, 1, 0.98, true},
		{0.9799, 1, 0.98, false},
		{1, 0.9799, 0.98, false},
		{nan, 1, 0.98, false},
		{1, nan, 0, false},
		{0, 0, 0, true},
	}
	for _, tt := range tests {
		err := indexer.CheckFloor(indexer.Measured{Movies: tt.movies, Profiles: tt.profiles}, tt.floor)
		if (err == nil) != tt.pass || err != nil && !errors.Is(err, indexer.ErrRecall) {
			t.Errorf("movies %v, profiles %v, floor %v: %v, want pass: %v", tt.movies, tt.profiles, tt.floor, err, tt.pass)
		}
	}
	err := indexer.CheckFloor(indexer.Measured{Backend: "hnsw", K: 20, Movies: 0.5, MovieQueries: 400, Profiles: 0.25, ProfileQueries: 300, Effort: 1024}, 0.98)
	for _, part := range []string{"hnsw", "0.5000", "20 nearest", "400 movies", "0.2500", "300 profiles", "0.98", "1024", "flat"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q says nothing of %q", err, part)
		}
	}
}
