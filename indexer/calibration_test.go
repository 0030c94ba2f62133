package indexer_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"marquee/indexer"
)

// A stair finds one more of four true rows with each effort, and profiles (whose
// first value is negative) two efforts later.
func stair(tried *sync.Map) indexer.Trial {
	all := hits(0, 0.9, 1, 0.8, 2, 0.7, 3, 0.6)
	return indexer.Trial{
		Backend: "stair",
		Dims:    2,
		Efforts: []int{1, 2, 3, 4, 5, 6},
		Exact: func(_ context.Context, q []float32, k int) ([]indexer.Hit, error) {
			if q[0] == 0 {
				return nil, nil
			}
			return all[:min(k, 4)], nil
		},
		Search: func(_ context.Context, q []float32, _, effort int) ([]indexer.Hit, error) {
			tried.Store(effort, true)
			if q[0] < 0 {
				effort -= 2
			}
			return all[:min(max(effort, 0), 4)], nil
		},
	}
}

func TestMeasureFindsTheLeastEffort(t *testing.T) {
	movie, profile := []float32{1, 0}, []float32{-1, 0}
	tests := []struct {
		name     string
		floor    float64
		movies   [][]float32
		profiles []float32
		want     indexer.Measured
	}{
		{"movies alone", 0.75, [][]float32{movie, movie}, nil,
			indexer.Measured{Movies: 0.75, MovieQueries: 2, Profiles: 1, Effort: 3}},
		{"profiles need more", 0.75, [][]float32{movie}, profile,
			indexer.Measured{Movies: 1, MovieQueries: 1, Profiles: 0.75, ProfileQueries: 1, Effort: 5}},
		{"a low floor", 0, [][]float32{movie}, profile,
			indexer.Measured{Movies: 0.25, MovieQueries: 1, Profiles: 0, ProfileQueries: 1, Effort: 1}},
		{"nothing to ask", 1, nil, nil,
			indexer.Measured{Movies: 1, Profiles: 1, Effort: 1}},
		{"queries without neighbours do not count", 0.75, [][]float32{{0, 0}, movie}, []float32{0, 0},
			indexer.Measured{Movies: 0.75, MovieQueries: 1, Profiles: 1, Effort: 3}},
	}
	for _, tt := range tests {
		var tried sync.Map
		cal := indexer.Calibration{K: 4, Floor: tt.floor, Profiles: tt.profiles}
		got, err := cal.Measure(t.Context(), stair(&tried), tt.movies)
		tt.want.Backend, tt.want.K, tt.want.Floor = "stair", 4, tt.floor
		if err != nil || got != tt.want {
			t.Errorf("%s: %+v, error %v, want %+v", tt.name, got, err, tt.want)
		}
		if _, more := tried.Load(tt.want.Effort + 1); more {
			t.Errorf("%s: tried more than effort %d", tt.name, tt.want.Effort)
		}
	}
}

func TestMeasureBelowTheFloor(t *testing.T) {
	trial := stair(new(sync.Map))
	trial.Efforts = trial.Efforts[:2]
	m, err := indexer.Calibration{K: 4, Floor: 0.9}.Measure(t.Context(), trial, [][]float32{{1, 0}})
	if err != nil || m.Movies != 0.5 || m.Effort != 2 {
		t.Errorf("measured %+v, error %v, want recall 0.5 at the greatest effort, 2", m, err)
	}
	if err := indexer.CheckFloor(m, 0.9); !errors.Is(err, indexer.ErrRecall) {
		t.Errorf("CheckFloor gives %v, want %v", err, indexer.ErrRecall)
	}
}

func TestMeasureReturnsErrors(t *testing.T) {
	fault := errors.New("fault")
	for _, part := range []string{"exact", "search"} {
		trial := stair(new(sync.Map))
		fail := func() ([]indexer.Hit, error) { return nil, fault }
		if part == "exact" {
			trial.Exact = func(context.Context, []float32, int) ([]indexer.Hit, error) { return fail() }
		} else {
			trial.Search = func(context.Context, []float32, int, int) ([]indexer.Hit, error) { return fail() }
		}
		if _, err := (indexer.Calibration{K: 4}).Measure(t.Context(), trial, [][]float32{{1, 0}}); !errors.Is(err, fault) {
			t.Errorf("%s fails: error %v, want %v", part, err, fault)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (indexer.Calibration{K: 4}).Measure(ended, stair(new(sync.Map)), [][]float32{{1, 0}}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: error %v, want %v", err, context.Canceled)
	}
}

func TestCalibrationReportsEveryFault(t *testing.T) {
	if err := indexer.DefaultCalibration().Validate(384); err != nil {
		t.Error(err)
	}
	broken := indexer.Calibration{HeldOut: -1, Floor: math.NaN(), Profiles: []float32{1, float32(math.Inf(1)), 3}}
	err := broken.Validate(2)
	for _, want := range []error{indexer.ErrCount, indexer.ErrDims, indexer.ErrVector} {
		if !errors.Is(err, want) {
			t.Errorf("%v does not wrap %v", err, want)
		}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) != 5 {
		t.Errorf("five faults give %q", err)
	}
}

func TestCheckRows(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	tests := []struct {
		name string
		vecs []float32
		dims int
		want error
	}{
		{"none", nil, 2, nil},
		{"unit and zeros", []float32{1, 0, 0, 0, 0.6, 0.8}, 2, nil},
		{"half precision", []float32{0.6001, 0.8004}, 2, nil},
		{"no dims", nil, 0, indexer.ErrDims},
		{"half a row", []float32{1, 0, 0}, 2, indexer.ErrDims},
		{"too long", []float32{1, 0, 1, 1}, 2, indexer.ErrRow},
		{"too short", []float32{0.5, 0}, 2, indexer.ErrRow},
		{"NaN", []float32{nan, 0}, 2, indexer.ErrRow},
		{"infinite", []float32{0, inf}, 2, indexer.ErrRow},
	}
	for _, tt := range tests {
		if err := indexer.CheckRows(tt.vecs, tt.dims); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestHoldOut(t *testing.T) {
	vecs := make([]float32, 2*100)
	for row := range 50 {
		vecs[4*row] = 1 // even rows; odd ones stay zeros
	}
	rows := indexer.HoldOut(1, vecs, 2, 3)
	if len(rows) != 3 || !slices.IsSorted(rows) || len(slices.Compact(slices.Clone(rows))) != 3 {
		t.Errorf("held out %v, want three rows, ascending", rows)
	}
	for _, row := range indexer.HoldOut(1, vecs, 2, 100) {
		if row%2 != 0 {
			t.Errorf("row %d of zeros is held out", row)
		}
	}
	if got := indexer.HoldOut(1, vecs, 2, 100); len(got) != 5 {
		t.Errorf("of 50 rows %d are held out, want one in ten", len(got))
	}
	if !slices.Equal(rows, indexer.HoldOut(1, vecs, 2, 3)) || slices.Equal(rows, indexer.HoldOut(2, vecs, 2, 3)) {
		t.Error("the seed does not decide who is held out")
	}
	if got := indexer.HoldOut(1, vecs[:18], 2, 3); got != nil {
		t.Errorf("of nine rows %v are held out", got)
	}
}
