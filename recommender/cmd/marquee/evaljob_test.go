package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reportJSON is what others may rely on in a report.
type reportJSON struct {
	Protocol string `json:"protocol"`
	ID       string `json:"id"`
	Data     string `json:"data_version"`
	Models   []struct {
		Name    string `json:"name"`
		Metrics map[string]struct {
			Value, Low, High *float64
		} `json:"metrics"`
	} `json:"models"`
	Comparisons []struct {
		Model, Baseline string
		Metrics         map[string]struct{ Value, Helped, Hurt, P *float64 }
	} `json:"comparisons"`
	Warnings []string `json:"warnings"`
	Settings []struct{ Name, Kind string }
}

func (r reportJSON) value(t *testing.T, model, metric string) float64 {
	t.Helper()
	for _, m := range r.Models {
		if m.Name == model && m.Metrics[metric].Value != nil {
			return *m.Metrics[metric].Value
		}
	}
	t.Fatalf("the report has no %s of %s", metric, model)
	return 0
}

// quick keeps a judgement short.
var quick = []string{"--resamples", "100", "--min-slice", "0", "--set", "als.dims=8", "--output", "json"}

// Two runs are one report, which is kept, listed, shown and written as a page.
func TestEvalReport(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	page, file := filepath.Join(t.TempDir(), "page.html"), filepath.Join(t.TempDir(), "report.json")
	var first, second, filed reportJSON
	args := append([]string{"eval", "run", "--models", "als,popular,content-ratings-popularity", "--html", page, "--report", file}, quick...)
	decode(t, s.must(args...), &first)
	decode(t, s.must(args...), &second)
	if first.ID == "" || first.ID != second.ID {
		t.Errorf("two runs are the reports %q and %q, want one", first.ID, second.ID)
	}
	if !strings.Contains(first.Protocol, "last 20% by time") || first.Data == "" || len(first.Settings) != 2 {
		t.Errorf("protocol %q, data %q, settings %v", first.Protocol, first.Data, first.Settings)
	}
	m := first.Models[1].Metrics["ndcg@20"]
	if first.Models[1].Name != "als" || m.Value == nil || m.Low == nil || m.High == nil || *m.Low > *m.Value || *m.High < *m.Value {
		t.Errorf("%s has ndcg@20 %+v, want als with an interval", first.Models[1].Name, m)
	}
	if als, popularity := first.value(t, "als", "ndcg@20"), first.value(t, "popularity", "ndcg@20"); als <= popularity {
		t.Errorf("ndcg@20 of als is %.3f, of popularity %.3f: als has learned nothing", als, popularity)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if decode(t, string(text), &filed); filed.ID != first.ID {
		t.Errorf("the file has report %q", filed.ID)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "<svg") || strings.Contains(string(html), "<script") {
		t.Errorf("page: %v, %d bytes, want plots and no script", err, len(html))
	}
	var list []listedReport
	decode(t, s.must("eval", "list", "--output", "json"), &list)
	if len(list) != 1 || list[0].ID != first.ID || !slices.Contains(list[0].Models, "als") {
		t.Errorf("eval list: %+v", list)
	}
	again := filepath.Join(t.TempDir(), "again.html")
	if out := s.must("eval", "report", first.ID[:5], "--html", again); !strings.Contains(out, "als") {
		t.Errorf("eval report:\n%s", out)
	}
	a, _ := os.ReadFile(page)
	if b, err := os.ReadFile(again); err != nil || string(a) != string(b) {
		t.Errorf("the page of the kept report is another: %v", err)
	}
	if _, errs, code := s.run("eval", "report", "nope"); code != 3 || !strings.Contains(errs, "marquee eval list") {
		t.Errorf("eval report nope: exit %d, %s", code, errs)
	}
	if held := holds(t, filepath.Join(s.home, "reports"), fmt.Sprint(smallCinema.person(3))); len(held) > 0 {
		t.Errorf("reports name a person: %v", held)
	}
}

// Every protocol holds something out and judges it.
func TestEvalProtocols(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	for _, protocol := range []string{"leave-one-out", "leave-last-out", "time", "ratings", "cold", "negatives"} {
		models, metric := "als,content", "ndcg@20"
		if protocol == "ratings" {
			models, metric = "svd,rating", "rmse"
		}
		args := append([]string{"eval", "run", "--protocol", protocol, "--models", models}, quick...)
		if protocol == "ratings" {
			args = slices.DeleteFunc(args, func(a string) bool { return a == "--set" || strings.HasPrefix(a, "als.") })
		}
		var r reportJSON
		decode(t, s.must(args...), &r)
		if len(r.Models) != 3 || len(r.Comparisons) != 2 {
			t.Errorf("%s: %d models and %d comparisons, want 3 and 2", protocol, len(r.Models), len(r.Comparisons))
		}
		first, _, _ := strings.Cut(models, ",")
		if v := r.value(t, first, metric); v <= 0 || v > 5 {
			t.Errorf("%s: %s of %s is %v", protocol, metric, first, v)
		}
	}
	if out := s.must("eval", "compare", "als", "popular", "--resamples", "100", "--set", "als.dims=8"); !strings.Contains(out, "als against popular") || strings.Contains(out, "NaN") {
		t.Errorf("eval compare:\n%s", out)
	}
	var c struct {
		Model, Baseline string
		Metrics         map[string]struct{ Value, P *float64 }
	}
	decode(t, s.must("eval", "compare", "svd", "rating", "--protocol", "ratings", "--resamples", "100", "--output", "json"), &c)
	if c.Model != "svd" || c.Baseline != "rating" || c.Metrics["rmse"].Value == nil || c.Metrics["rmse"].P == nil {
		t.Errorf("eval compare by ratings: %+v", c)
	}
}

// A split that was written is judged as the store's own, beside lists and servers;
// a server that knows the truth is refused.
func TestEvalFiles(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	dir := filepath.Join(t.TempDir(), "split")
	part := filepath.Join(t.TempDir(), "part")
	s.must("eval", "split", dir, "--train-store", filepath.Join(part, "marquee.db"))
	files := []string{"--train", filepath.Join(dir, "train.tsv"), "--test", filepath.Join(dir, "test.tsv"), "--movies", filepath.Join(dir, "movies.txt"), "--scale", "1..5/1"}
	var own, read reportJSON
	decode(t, s.must(append([]string{"eval", "run", "--models", "als,content"}, quick...)...), &own)
	decode(t, s.must(slices.Concat([]string{"eval", "run", "--models", "als,content", "--lists", "theirs=" + popularLists(t, dir)}, files, quick)...), &read)
	for _, m := range []string{"als", "content", "popularity"} {
		for _, metric := range []string{"ndcg@20", "recall@10", "coverage@20"} {
			if a, b := own.value(t, m, metric), read.value(t, m, metric); a != b {
				t.Errorf("%s of %s is %v by the store, %v by its files", metric, m, a, b)
			}
		}
	}
	if a, b := read.value(t, "popularity", "ndcg@20"), read.value(t, "theirs", "ndcg@20"); a-b > 0.05 || b-a > 0.05 {
		t.Errorf("ndcg@20 of popularity is %v, of lists made likewise %v", a, b)
	}
	if !strings.HasPrefix(read.Data, "files:") {
		t.Errorf("data version of files is %q", read.Data)
	}

	trained := shell{t, part}
	trained.must("build", "--index", "flat", "--models", "als", "--set", "als.dims=8")
	s.must("build", "--index", "flat", "--models", "als", "--set", "als.dims=8")
	fair, knowing := free(t), free(t)
	endFair := trained.background("serve", "--listen", fair, "--admin-listen", "")
	endKnowing := s.background("serve", "--listen", knowing, "--admin-listen", "")
	get(t, fair)
	get(t, knowing)
	decode(t, s.must(slices.Concat([]string{"eval", "run", "--models", "als", "--url", "live=http://" + fair}, files, quick)...), &read)
	if a, b := read.value(t, "als", "ndcg@20"), read.value(t, "live", "ndcg@20"); a != b {
		t.Errorf("ndcg@20 of als is %v here, %v as it is served", a, b)
	}
	reports := s.must("eval", "list")
	if _, errs, code := s.run(slices.Concat([]string{"eval", "run", "--models", "none", "--url", "live=http://" + knowing}, files)...); code != 1 || !strings.Contains(errs, "training part alone") {
		t.Errorf("a server that knows the truth: exit %d, %s", code, errs)
	}
	if _, errs, code := s.run(slices.Concat([]string{"eval", "run", "--models", "none", "--url", "live=localhost"}, files)...); code != 2 || !strings.Contains(errs, "http://localhost:8082") {
		t.Errorf("no URL: exit %d, %s", code, errs)
	}
	if s.must("eval", "list") != reports {
		t.Error("a report was kept of a server that was refused")
	}
	endFair()
	endKnowing()
	if _, errs, code := s.run("eval", "split", dir, "--train-store", filepath.Join(part, "marquee.db")); code != 2 || !strings.Contains(errs, "there already") {
		t.Errorf("a store that is there: exit %d, %s", code, errs)
	}
}

// popularLists writes what another program might: the most watched movies.
func popularLists(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "train.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	watchers, seen := map[string]int{}, map[string]map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		cells := strings.Split(line, "\t")
		watchers[cells[1]]++
		if seen[cells[0]] == nil {
			seen[cells[0]] = map[string]bool{}
		}
		seen[cells[0]][cells[1]] = true
	}
	var movies []string
	for m := range watchers {
		movies = append(movies, m)
	}
	slices.SortFunc(movies, func(a, b string) int {
		if d := watchers[b] - watchers[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var out strings.Builder
	for user := range seen {
		for rank, m := range slices.DeleteFunc(slices.Clone(movies), func(m string) bool { return seen[user][m] }) {
			fmt.Fprintf(&out, "%s\t%s\t%d\n", user, m, rank+1)
		}
	}
	path := filepath.Join(t.TempDir(), "theirs.tsv")
	if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Files that cannot be judged are an error with place and reason.
func TestEvalFileErrors(t *testing.T) {
	s := newShell(t)
	good := s.file("train.tsv", "1\t1\t4\t100\n1\t2\t3\t200\n2\t1\t3\t200\n2\t3\t3\t200\n3\t1\t2\t300\n3\t2\t2\t300\n")
	truth := s.file("test.tsv", "1\t3\t5\t400\n2\t2\t3\t500\n")
	for name, c := range map[string]struct{ train, test, lists, scale, want string }{
		"NaN":           {good, s.file("nan.tsv", "1\t3\tNaN\t400\n"), "", "", "nan.tsv:1"},
		"off the scale": {good, s.file("off.tsv", "1\t3\t55\t400\n2\t2\t3\t500\n"), "", "", "off.tsv:1"},
		"off one given": {good, truth, "", "1..4/1", "test.tsv:1"},
		"empty test":    {good, s.file("empty.tsv", ""), "", "", "no rows"},
		"empty train":   {s.file("none.tsv", ""), truth, "", "", "no rows"},
		"other ids":     {good, s.file("other.tsv", "91\t93\t5\t400\n"), "", "", "same ids"},
		"commas":        {good, s.file("commas.tsv", "1,3,5,400\n"), "", "", "tabs"},
		"nothing new":   {good, good, "", "", "nothing is held out"},
		"lists":         {good, truth, s.file("bad.tsv", "a\tb\tc\td\n"), "", "bad.tsv:1"},
		"no lists":      {good, truth, s.file("no.tsv", ""), "", "no lists"},
	} {
		args := []string{"eval", "run", "--models", "popular", "--train", c.train, "--test", c.test}
		if c.lists != "" {
			args = append(args, "--lists", "theirs="+c.lists)
		}
		if c.scale != "" {
			args = append(args, "--scale", c.scale)
		}
		if out, errs, code := s.run(args...); code != 1 || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, %q, want 1 and %q", name, code, errs, c.want)
		}
	}
	if out := s.must("eval", "list", "--output", "json"); out != "[]\n" {
		t.Errorf("reports were kept: %s", out)
	}
	var r reportJSON
	decode(t, s.must("eval", "run", "--models", "popular", "--train", good, "--test", truth, "--output", "json"), &r)
	if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "no store knows") }) {
		t.Errorf("nothing is said of the store that is not there: %q", r.Warnings)
	}
}

// The arm that serves is put to the tests, or those that are named.
func TestEvalCheck(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	s.must("build", "--index", "flat", "--models", "popular,als", "--set", "als.dims=8")
	var r struct {
		Models []struct{ Name string }
	}
	read := func(args ...string) string {
		t.Helper()
		out, errs, code := s.run(append([]string{"eval", "check", "--people", "20", "--output", "json"}, args...)...)
		if code != 0 && (code != 1 || !strings.Contains(errs, "behavioural test failed")) {
			t.Fatalf("exit %d, %s", code, errs)
		}
		return out
	}
	decode(t, read(), &r)
	if len(r.Models) != 1 || r.Models[0].Name != "als" {
		t.Errorf("tested: %+v, want als", r.Models)
	}
	if decode(t, read("--models", "all"), &r); len(r.Models) != 3 {
		t.Errorf("tested: %+v, want als, popular and none", r.Models)
	}
	if out := read("--models", "popular", "--genres", "romance"); !json.Valid([]byte(out)) {
		t.Errorf("no JSON: %s", out)
	}
	for _, args := range [][]string{{"--models", "nope"}, {"--genres", "Nope"}, {"--people", "0"}, {"--models", "als,als"}, {"not-an-id"}} {
		if _, errs, code := s.run(append([]string{"eval", "check"}, args...)...); code != 2 {
			t.Errorf("eval check %v: exit %d, %s", args, code, errs)
		}
	}
}
