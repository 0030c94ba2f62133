package eval_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"marquee/recommender/eval"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file; -update writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; if that was meant, run go test ./recommender/eval -update\ngot:\n%swant:\n%s", path, got, want)
	}
}

// A change that moves any figure shows as a change of these files.
func TestGolden(t *testing.T) {
	d := mustCollect(t, smallWorld(42, 120, 150), 150)
	var stats strings.Builder
	for _, s := range []*eval.Split{mustLastShare(t, d, 0.2), eval.LeaveOneOut(d, 1), coldOf(t, d, 0.2, 5), sampledOf(t, d, 50)} {
		cfg := full()
		cfg.Baseline, cfg.CatalogSize = "popularity", 200
		popular := eval.Popularity(s.Train)
		popular.Rate = rating("", 3).Rate
		r := mustRun(t, s, cfg, popular, eval.Random(s.Train, 1))
		fmt.Fprintf(&stats, "# %s\n", r.Protocol)
		for _, m := range r.Models {
			fmt.Fprintf(&stats, "## %s\n", m.Name)
			for _, k := range r.Cutoffs {
				for _, name := range []string{"hit_rate", "ndcg", "recall", "precision", "map", "mrr", "coverage", "global_coverage", "gini",
					"entropy", "rarefied_coverage", "rarefied_gini", "rarefied_entropy", "novelty", "diversity", "popularity_lift"} {
					fmt.Fprintf(&stats, "%s %v\n", eval.MetricName(name, k), m.Metrics[eval.MetricName(name, k)])
				}
			}
			for _, name := range []string{"rmse", "mae"} {
				if e, ok := m.Metrics[name]; ok {
					fmt.Fprintf(&stats, "%s %v\n", name, e)
				}
			}
			for _, p := range m.Curve {
				fmt.Fprintf(&stats, "curve at %d: ndcg %v recall %v\n", p.K, p.NDCG, p.Recall)
			}
		}
		for _, slice := range r.Slices {
			fmt.Fprintf(&stats, "slice by %s, %s: %d people, %d movies, ndcg %v\n", slice.By, slice.Name, slice.People, slice.Truth, slice.Models[0].Metrics["ndcg@20"])
		}
		if !s.IsInner() && strings.HasPrefix(s.Protocol, "last") {
			var table bytes.Buffer
			if err := r.WriteTable(&table); err != nil {
				t.Fatal(err)
			}
			golden(t, "table.golden", table.String())
		}
	}
	golden(t, "stats.golden", stats.String())
}
