package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/pipeline"
	"marquee/recommender/tune"
)

// tunedJSON is what others may rely on in the result of a search.
type tunedJSON struct {
	Metric string
	Best   struct {
		Settings map[string]any
	}
}

// A search that is started again goes on where it was: what was tried is not tried
// again, so the result is the same to the second.
func TestTune(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	args := []string{"tune", "als", "--candidates", "3", "--metric", "recall@5", "--set", "als.sweeps=2"}
	first := s.must(append(args, "--output", "json")...)
	if again := s.must(append(args, "--output", "json")...); again != first {
		t.Errorf("a search that was done is done again:\n%s\n%s", first, again)
	}
	var r tunedJSON
	if decode(t, first, &r); r.Metric != "recall@5" {
		t.Errorf("metric %q", r.Metric)
	}
	if other := s.must("tune", "als", "--candidates", "3", "--metric", "recall@5", "--set", "als.sweeps=2", "--seed", "2", "--output", "json"); other == first {
		t.Error("another seed gives the same search")
	}
	if out := s.must("tune", "svd", "--metric", "rmse", "--candidates", "2", "--set", "svd.epochs=2"); !strings.Contains(out, "smallest first") || !strings.Contains(out, "ratings") {
		t.Errorf("tune svd:\n%s", out)
	}
	if files, _ := filepath.Glob(filepath.Join(s.home, "tune", "*.jsonl")); len(files) != 3 {
		t.Errorf("journals: %v, want one for each search", files)
	}
}

// Parts of a blend are trained once a rung, and not for each setting of the blend.
func TestTuneBlend(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	out := s.must("tune", "blend", "--candidates", "3", "--set", "blend.parts=als,popular", "--set", "blend.least=20", "--set", "als.dims=8", "--output", "json")
	if !json.Valid([]byte(out)) || !strings.Contains(out, "candidates") {
		t.Errorf("tune blend: %s", out)
	}

	data := &model.Data{
		Scale: catalog.Scale5, Movies: []catalog.Movie{{ID: "a"}, {ID: "b"}}, Starts: []int64{0, 2, 4},
		Users: []catalog.User{{ID: "1"}, {ID: "2"}}, Seen: []model.Seen{{Movie: 0}, {Movie: 1}, {Movie: 0}, {Movie: 1}},
	}
	tr := &trial{plan: tuning{specs: make([]pipeline.Spec, 2)}, made: map[string]model.Model{}}
	train := func(rung int, settings string) model.Model {
		t.Helper()
		for _, k := range tr.kinds(tune.Rung{Index: rung}) {
			if k.Name == "popular" {
				m, err := k.Train(t.Context(), data, &model.Base{}, nil, json.RawMessage(settings), func(string, int, int) {})
				if err != nil {
					t.Fatal(err)
				}
				return m
			}
		}
		t.Fatal("no kind popular")
		return nil
	}
	first := train(0, `{}`)
	if train(0, `{}`) != first {
		t.Error("the same part was trained twice")
	}
	if train(1, `{}`) == first || train(0, `{"lean":20}`) == first {
		t.Error("a part of another rung, or of other settings, was taken")
	}
}

// Files are told apart by what they hold: trials on some are not trials on others.
func TestTuneFiles(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	var out []string
	for _, share := range []string{"0.2", "0.3"} {
		dir := filepath.Join(t.TempDir(), "split")
		s.must("eval", "split", dir, "--share", share)
		out = append(out, s.must("tune", "popular", "--candidates", "2", "--train", filepath.Join(dir, "train.tsv"), "--test", filepath.Join(dir, "test.tsv"), "--output", "json"))
	}
	if out[0] == out[1] {
		t.Error("two splits of the same names share their trials")
	}
}
