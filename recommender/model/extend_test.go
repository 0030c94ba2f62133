package model_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
)

// A strict model panics when it is asked for what it does not know, and scores a
// movie by its row and by how much was watched.
type strict struct{ rows int }

func (s strict) Len() int { return s.rows }

func (s strict) check(q model.Query, n int) {
	if n > s.rows || slices.ContainsFunc(q.Seen, func(x model.Seen) bool { return int(x.Movie) >= s.rows }) {
		panic("asked for an unknown movie")
	}
}

func (s strict) Score(q model.Query, scores []float32) model.Basis {
	s.check(q, len(scores))
	for i := range scores {
		scores[i] = float32(10*len(q.Seen) + i)
	}
	return model.Group
}

func (strict) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte("strict"))
	return int64(n), err
}

// A rater also predicts.
type rater struct{ strict }

func (r rater) Predict(q model.Query, movies []uint32, ratings []float32) {
	for i, m := range movies {
		r.check(q, int(m)+1)
		ratings[i] = float32(m%5) + float32(len(q.Seen))
	}
}

// What knows nothing of a later movie says so, keeps what it says of its own, and
// is not asked about what it does not know.
func TestExtendOfOneThatCannot(t *testing.T) {
	for _, m := range []model.Model{strict{3}, rater{strict{3}}} {
		x, err := model.Extend(m, make([]float32, 4), 2)
		if err != nil {
			t.Fatal(err)
		}
		if x, err = model.Extend(x, make([]float32, 2), 2); err != nil { // and again
			t.Fatal(err)
		}
		seen := []model.Seen{{Movie: 5}, {Movie: 1}, {Movie: 3}}
		scores := make([]float32, 6)
		if basis := x.Score(model.Query{Seen: seen}, scores); x.Len() != 6 || basis != model.Group {
			t.Errorf("%d movies, basis %v; want 6, as before", x.Len(), basis)
		}
		if !slices.Equal(scores[:3], []float32{10, 11, 12}) {
			t.Errorf("own movies score %v", scores[:3])
		}
		for row, s := range scores[3:] {
			if !math.IsNaN(float64(s)) {
				t.Errorf("movie %d, which is unknown, scores %v", row+3, s)
			}
		}
		if !slices.Equal(seen, []model.Seen{{Movie: 5}, {Movie: 1}, {Movie: 3}}) {
			t.Errorf("the history was changed to %v", seen)
		}
		if model.Rows(x) != 3 || model.Rows(m) != 3 {
			t.Errorf("writes %d movies, want 3", model.Rows(x))
		}
		var buf bytes.Buffer
		if _, err := x.WriteTo(&buf); err != nil || buf.String() != "strict" {
			t.Errorf("writes %q, %v", buf.String(), err)
		}
		_, before := m.(model.Predictor)
		if _, after := x.(model.Predictor); after != before {
			t.Errorf("predicts: %v, before %v", after, before)
		}
	}
}

// A later movie is predicted to get what the person gives on the whole.
func TestExtendPredicts(t *testing.T) {
	for _, rows := range []int{1, 5, 1000} {
		x, err := model.Extend(rater{strict{rows}}, make([]float32, 4), 2)
		if err != nil {
			t.Fatal(err)
		}
		last := uint32(rows)
		got := make([]float32, 4)
		x.(model.Predictor).Predict(model.Query{Seen: []model.Seen{{Movie: last + 1}, {Movie: 0}}}, []uint32{last + 1, 0, last, last - 1}, got)
		mean := float32(0)
		for row := range rows {
			mean += float32(row%5) + 1
		}
		mean /= float32(rows)
		if math.Abs(float64(got[0]-mean)) > 0.1 || got[2] != got[0] || got[1] != 1 || got[3] != float32((last-1)%5)+1 {
			t.Errorf("%d movies: predicted %v, want the mean %v for the later ones", rows, got, mean)
		}
	}
}

func TestExtendRefuses(t *testing.T) {
	padded, err := model.Extend(strict{3}, nil, 2)
	if err != nil || padded.Len() != 3 {
		t.Fatalf("by nothing: %d movies, %v", padded.Len(), err)
	}
	for _, m := range []model.Model{strict{3}, padded} {
		for _, dims := range []int{-1, 0, 2} {
			if _, err := model.Extend(m, make([]float32, 3), dims); !errors.Is(err, catalog.ErrInvalid) {
				t.Errorf("3 values of %d dims: %v, want invalid", dims, err)
			}
		}
	}
}
