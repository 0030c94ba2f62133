package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The ef found is the least that reaches the target, whatever the curve of recall.
func TestLeastEf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		enough := rapid.IntRange(1, widest).Draw(t, "enough")
		ef, reached, err := leastEf(0.98, func(ef int) (float64, error) {
			if ef < k {
				t.Errorf("asked with ef %d, want %d or more", ef, k)
			}
			if ef < enough {
				return 0.5, nil
			}
			return 0.985, nil
		})
		if want := max(enough, k); err != nil || ef != want || reached != 0.985 {
			t.Errorf("ef %d of recall %v, %v, want %d of 0.985", ef, reached, err, want)
		}
	})
}

func TestLeastEfOfHopelessIndex(t *testing.T) {
	_, _, err := leastEf(0.98, func(int) (float64, error) { return 0.97, nil })
	if err == nil || !strings.Contains(err.Error(), "0.9700") {
		t.Errorf("error is %v, want one that tells the recall", err)
	}
	broken := errors.New("broken")
	if _, _, err := leastEf(0.98, func(int) (float64, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("error is %v, want %v", err, broken)
	}
}

// The truth is the k nearest by plain comparison, and finding it is a recall of 1.
func TestTruth(t *testing.T) {
	w, err := newWorld(t.Context(), 500, 48, 10, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds {
		var rows []uint32
		for i, hits := range w.truth[kind] {
			q := w.queries[kind][i*w.dims:][:w.dims]
			var scores []float64
			for v := range slices.Chunk(w.vecs, w.dims) {
				var sum float64
				for j := range v {
					sum += float64(q[j]) * float64(v[j])
				}
				scores = append(scores, sum)
			}
			for j, h := range hits {
				if got := scores[h.Row]; got < sorted(scores)[j]-1e-5 {
					t.Errorf("%s %d: neighbour %d scores %v, want %v", kind, i, j, got, sorted(scores)[j])
				}
				rows = append(rows, h.Row)
			}
		}
		if got := w.recall(kind, rows); got != 1 {
			t.Errorf("recall of the truth about %s is %v, want 1", kind, got)
		}
		far := make([]uint32, len(rows))
		if got := w.recall(kind, far); got > 0.99 {
			t.Errorf("recall of one row given every time is %v", got)
		}
	}
}

func sorted(scores []float64) []float64 {
	out := slices.Sorted(slices.Values(scores))
	slices.Reverse(out)
	return out
}

func TestTop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Float32Range(-1, 1), 0, 100).Draw(t, "scores")
		var got []float32
		for _, h := range top(scores) {
			if scores[h.Row] != h.Score {
				t.Fatalf("row %d scores %v, want %v", h.Row, h.Score, scores[h.Row])
			}
			got = append(got, h.Score)
		}
		want := slices.Sorted(slices.Values(scores))
		slices.Reverse(want)
		if want = want[:min(k, len(want))]; !slices.Equal(got, want) {
			t.Errorf("top is %v, want %v", got, want)
		}
	})
}

// Below the least ratio a report is an error, at it none.
func TestReport(t *testing.T) {
	results := []result{{kind: "movies", target: 0.98, sides: []standing{
		{name: "marquee", qps: []float64{12, 30, 11}},
		{name: "hnswlib", qps: []float64{10, 10, 10}},
	}}}
	var out strings.Builder
	if err := report(&out, 27000, results, 1.2); err != nil {
		t.Errorf("ratio 1.2 of 1.2: %v", err)
	}
	if want := "1.20 (1.10 to 3.00)"; !strings.Contains(out.String(), want) {
		t.Errorf("report is %q, want %q in it", out.String(), want)
	}
	if err := report(&out, 27000, results, 1.21); !errors.Is(err, errSlow) {
		t.Errorf("ratio 1.2 of 1.21: error is %v, want errSlow", err)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median is %v, want 2.5", got)
	}
}

func TestParse(t *testing.T) {
	c, err := parse([]string{"-short", "-rows", "27000,50000", "-least", "50000=1.1", "-python", "python3"})
	if err != nil || !slices.Equal(c.rows, []int{27000, 50000}) || c.least[50000] != 1.1 || c.asked != 300 {
		t.Errorf("config is %+v, %v", c, err)
	}
	for _, line := range []string{
		"-rows 20", "-rows many", "-rows ,", "-queries 0", "-rounds 0", "-dims 0",
		"-least 27000=1.2", "-python p -least 27000", "-python p -least 27000=x", "-python p -least 27000=0",
		"-python p -least 27000=NaN", "-python p -least 100=1", "-unknown",
	} {
		if _, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%s: no error", line)
		}
	}
}

func TestFloats(t *testing.T) {
	w := &world{dims: 2, vecs: []float32{1, 0, 0, 1}, queries: map[string][]float32{"movies": {0.5, 0.25}}}
	folder := t.TempDir()
	if err := w.write(folder); err != nil {
		t.Fatal(err)
	}
	got, err := vectors(2, 2, folder+"/vectors.f32")
	if err != nil || !slices.Equal(got, w.vecs) {
		t.Errorf("read %v, %v, want %v", got, err, w.vecs)
	}
	if _, err := vectors(3, 2, folder+"/vectors.f32"); err == nil {
		t.Error("a file that is too short is no error")
	}
	if rows, err := readRows(folder+"/vectors.f32", 2); err != nil || len(rows) != 2 {
		t.Errorf("rows are %v, %v, want 2 of them", rows, err)
	}
}
