package page_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
	"marquee/recommender/eval/behave"
	"marquee/recommender/eval/page"
)

const attack = `"><script>alert('x')</script><img src=x onerror=alert(1)>`

// judged is a report with everything in it; name is in every name of it.
func judged(t *testing.T, name string, models int) *eval.Report {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var ids []catalog.MovieID
	genres := make([][]string, 90)
	for i := range 90 {
		ids, genres[i] = append(ids, catalog.MovieID(fmt.Sprintf("m%02d", i))), []string{fmt.Sprint("genre ", i%3, name)}
	}
	d, err := eval.Collect(func(yield func(catalog.UserSeen, error) bool) {
		for u := range 50 {
			for range 20 {
				row := catalog.UserSeen{User: catalog.UserID(fmt.Sprintf("u%02d", u))}
				row.Movie, row.At = ids[int(90*r.Float64()*r.Float64())], time.Unix(1e9+int64(r.IntN(1e6)), 0)
				row.Rating, row.Rated = float64(1+r.IntN(5)), true
				if !yield(row, nil) {
					return
				}
			}
		}
	}, ids)
	if err != nil {
		t.Fatal(err)
	}
	s, err := eval.LastShare(d, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	s.Protocol += name
	s.Warnings = append(s.Warnings, "careful "+name)
	pop := eval.Popularity(s.Train)
	all := []eval.Model{eval.Random(s.Train, 1), pop}
	for i := range models {
		all = append(all, eval.Model{Name: fmt.Sprint("model ", i, name),
			Explain: func(ctx context.Context, u catalog.UserID, seen []eval.Seen, n int) (eval.Listing, error) {
				list, err := pop.List(ctx, u, seen, n+i)
				sources := make([]string, n)
				for at := range sources {
					sources[at] = "part " + name
				}
				return eval.Listing{Rows: list[i:], Personal: true, Sources: sources}, err
			},
			Rate: func(_ context.Context, _ catalog.UserID, _ []eval.Seen, _ []uint32, out []float32) error {
				for at := range out {
					out[at] = 3
				}
				return nil
			}})
	}
	c := eval.DefaultConfig()
	c.Baseline, c.Curve, c.MinSlice, c.Resamples = "popularity", []int{1, 5, 10, 20}, 5, 100
	c.Facts.Genres = genres
	c.Facts.User = func(catalog.UserID) catalog.User { return catalog.User{Age: 30, Gender: "F" + name} }
	out, err := eval.Run(t.Context(), s, all, c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tests(name string) *behave.Report {
	return &behave.Report{Subjects: []behave.SubjectReport{{Name: name, Results: []behave.Result{
		{Test: "watched", Verdict: behave.Failed, What: name, Reason: name, Examples: []string{name}}, {Test: "minors", Verdict: behave.Passed, AtMost: true},
	}}}}
}

func write(t *testing.T, r *eval.Report, o page.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageHasEverything(t *testing.T) {
	r := judged(t, "", 12)
	html := write(t, r, page.Options{Title: "T", Behaviour: tests("x")})
	for _, want := range []string{
		"<title>T</title>", "Compared person by person", "Accuracy against coverage", "Recall by k", "NDCG by k", "Long tail", "By length of history",
		"By genre of the held-out movie", "Sources", "Behaviour", "careful", "How to read this page", "popularity (baseline)", "prefers-color-scheme: dark",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// Every figure of the report's first table stands there as the terminal has it.
	for _, m := range r.Models {
		if !strings.Contains(html, m.Metrics["ndcg@20"].String()) {
			t.Errorf("ndcg@20 of %s is missing", m.Name)
		}
	}
	charts := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html, -1)
	if len(charts) < 9 {
		t.Errorf("%d charts, want 9 or more", len(charts))
	}
	for _, c := range charts {
		dec := xml.NewDecoder(strings.NewReader(c))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %.200s", err, c)
			}
		}
	}
	if again := write(t, r, page.Options{Title: "T", Behaviour: tests("x")}); again != html {
		t.Error("the same report gives another page")
	}
}

// The page of a report that was kept as JSON is the same.
func TestPageOfStoredReport(t *testing.T) {
	r := judged(t, "", 2)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	back := new(eval.Report)
	if err := json.Unmarshal(text, back); err != nil {
		t.Fatal(err)
	}
	if write(t, back, page.Options{}) != write(t, r, page.Options{}) {
		t.Error("the page differs")
	}
}

func TestNamesAreEscapedAndNothingIsFetched(t *testing.T) {
	html := write(t, judged(t, attack, 3), page.Options{Title: attack, Behaviour: tests(attack)})
	for _, never := range []string{"<script", "<img", "<link", "<iframe", "url(", "@import", "NaN"} {
		if strings.Contains(html, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	if tag := regexp.MustCompile(`<[a-zA-Z][^>]*\s(src|on[a-z]+)=`).FindString(html); tag != "" {
		t.Errorf("the page holds %q", tag)
	}
	for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(html, -1) {
		if !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page links to %q", m[1])
		}
	}
}

func TestModelsStandInTheOrderOfTheMetric(t *testing.T) {
	r := judged(t, "", 3)
	for _, c := range []struct{ metric, first, last string }{{"", "popularity", ""}, {"coverage@20", "random", ""}, {"rmse", "model 0", "popularity"}, {"gini@20", "random", ""}} {
		html := write(t, r, page.Options{Metric: c.metric})
		table := html[strings.Index(html, "<tbody>"):]
		var names []string
		for _, m := range regexp.MustCompile(`<tr><td class="">([^<(]*)`).FindAllStringSubmatch(table[:strings.Index(table, "</tbody>")], -1) {
			names = append(names, strings.TrimSpace(m[1]))
		}
		if len(names) != 5 || names[0] != c.first || c.last != "" && names[4] != c.last {
			t.Errorf("sorted by %q: %q, want %s first and %s last", c.metric, names, c.first, c.last)
		}
	}
	if err := page.Write(io.Discard, r, page.Options{Metric: "luck@20"}); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("an unknown metric: %v", err)
	}
}

// A report with next to nothing in it still has a page.
func TestPoorReports(t *testing.T) {
	only := judged(t, "", 1)
	only.Models = only.Models[2:]
	for name := range only.Models[0].Metrics {
		if name != "rmse" && name != "mae" {
			delete(only.Models[0].Metrics, name)
		}
	}
	only.Models[0].Curve, only.Models[0].LongTail, only.Comparisons, only.Slices = nil, nil, nil, nil
	if html := write(t, only, page.Options{}); !strings.Contains(html, "Best rmse") || strings.Contains(html, "<svg") {
		t.Error("a report of ratings alone has other than its table")
	}
	write(t, &eval.Report{}, page.Options{})
	write(t, &eval.Report{Cutoffs: []int{20}, Models: []eval.ModelReport{{Name: "x"}}, Slices: []eval.Slice{{By: "age", Name: "y"}}}, page.Options{})
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriterFails(t *testing.T) {
	if err := page.Write(full{}, &eval.Report{}, page.Options{}); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}
