package quality_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/quality"
	"marquee/catalog/stats"
)

func at(minute int) time.Time {
	return time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minute) * time.Minute)
}

// small is a store with one of every fault.
func small() *memory {
	return (&memory{
		scale: catalog.Scale5,
		movies: []catalog.Movie{
			{ID: "a", Title: "Heat", Year: 1995, Genres: []string{"Crime", "Drama"}, RuntimeMinutes: 100, IMDBID: "tt0113277", Language: "en", VoteAverage: 8},
			{ID: "b", Title: "HEAT", Year: 1995, Genres: []string{"Crime"}, RuntimeMinutes: 2000, IMDBID: "tt0113277", Language: "English"},
			{ID: "c", Title: "Ronin", Year: 1798, CostUSD: 2},
			{ID: "d"},
		},
		users: []catalog.User{{ID: "1", Age: 30, Gender: "F"}, {ID: "2", Age: 3, Gender: "F", Occupation: "child"}, {ID: "9"}},
		watches: []catalog.Watch{
			{User: "1", Movie: "a", First: at(0), Last: at(49), Minute: 49, Days: 1, Runtime: 100},
			{User: "1", Movie: "b", First: at(10), Last: at(5), Minute: 7, Days: 1},
			{User: "2", Movie: "a", First: at(0), Last: at(120), Minute: 120, Days: 2, Runtime: 100},
			{User: "3", Movie: "x+1999", First: at(0), Last: at(1), Minute: 1, Days: 1},
			{User: "3", Movie: "y+1999", First: at(0), Last: at(1), Minute: 1, Days: 1},
		},
		ratings: []catalog.Rating{{User: "1", Movie: "a", Value: 5, At: at(60)}, {User: "4", Movie: "x+1999", Value: 7.5, At: at(60 * 24 * 365 * 20)}},
		accounts: []catalog.Account{
			{User: "4", At: at(0)},
		},
		refused: []catalog.Refused{{Source: "s", Offset: 1, Reason: "bad_time", Line: []byte("rubbish"), At: at(0)}, {Source: "s", Offset: 2, Reason: "bad_user", User: "77", Line: []byte("77"), At: at(1)}},
		intake:  []catalog.Intake{{Hour: at(0), Outcome: "refused:bad_time", Lines: 1}, {Hour: at(0), Outcome: "watch", Lines: 98}, {Hour: at(60), Outcome: "refused:bad_user", Lines: 1}},
		exposures: []catalog.Exposure{
			{RequestID: "r1", At: at(0), User: "1", Bundle: "b", Sequence: 2, Tier: "personal", Movies: []catalog.Exposed{{Movie: "a", Source: "neighbours", Propensity: 1}, {Movie: "z", Source: "popular", Propensity: 2}}},
			{RequestID: "r2", At: at(1), User: "nobody", Bundle: "b", Sequence: 1, Tier: "popular"},
		},
		unknown: map[string]bool{"movie x+1999": true, "user 3": true},
	}).sort()
}

func TestProfile(t *testing.T) {
	r := mustRun(t, small(), options(t))
	for name, want := range map[string]int64{"movies": 4, "users": 3, "watches": 5, "ratings": 2, "accounts": 1, "quarantine": 2, "intake": 3, "exposures": 2, "exposed": 2} {
		if got := table(t, r, name).Rows; got != want {
			t.Errorf("%d rows of %s, want %d", got, name, want)
		}
	}
	for _, c := range []struct {
		table, column     string
		missing, distinct int64
		top               []stats.Count
	}{
		{"movies", "id", 0, 4, nil},
		{"movies", "imdb_id", 2, 1, []stats.Count{{Value: "tt0113277", Count: 2}}},
		{"movies", "title", 1, 3, nil},
		{"movies", "genres", 2, 2, []stats.Count{{Value: "Crime", Count: 2}, {Value: "Drama", Count: 1}}},
		{"movies", "runtime_minutes", 2, 2, nil},
		{"users", "gender", 1, 1, []stats.Count{{Value: "F", Count: 2}}},
		{"users", "age", 1, 2, nil},
		{"watches", "user", 0, 3, nil},
		{"watches", "movie", 0, 4, []stats.Count{{Value: "a", Count: 2}, {Value: "b", Count: 1}, {Value: "x+1999", Count: 1}, {Value: "y+1999", Count: 1}}},
		{"watches", "share", 3, 2, nil},
		{"watches", "beyond_runtime", 3, 2, []stats.Count{{Value: "false", Count: 1}, {Value: "true", Count: 1}}},
		{"quarantine", "user", 1, 1, nil},
		{"quarantine", "reason", 0, 2, []stats.Count{{Value: "bad_time", Count: 1}, {Value: "bad_user", Count: 1}}},
		{"intake", "outcome", 0, 3, []stats.Count{{Value: "watch", Count: 98}, {Value: "refused:bad_time", Count: 1}, {Value: "refused:bad_user", Count: 1}}},
		{"exposed", "source", 0, 2, []stats.Count{{Value: "neighbours", Count: 1}, {Value: "popular", Count: 1}}},
	} {
		got := columnOf(t, r, c.table, c.column)
		if got.Missing != c.missing || got.Distinct != c.distinct || !got.DistinctExact || !reflect.DeepEqual(got.Top, c.top) {
			t.Errorf("%s.%s: %d missing, %d distinct, top %v; want %d, %d, %v", c.table, c.column, got.Missing, got.Distinct, got.Top, c.missing, c.distinct, c.top)
		}
	}
	if n := columnOf(t, r, "watches", "minute").Numbers; n == nil || n.Min != 1 || n.Max != 120 || n.Quantiles.P50 != 7 || n.RankError != 0 {
		t.Errorf("minutes %+v", n)
	}
	if c := columnOf(t, r, "watches", "last"); c.First == nil || !c.First.Equal(at(1)) || !c.Last.Equal(at(120)) {
		t.Errorf("last minutes from %v to %v", c.First, c.Last)
	}
	if r.Span == nil || !r.Span.From.Equal(at(0)) || !r.Span.To.Equal(at(120).Add(time.Second)) {
		t.Errorf("span %v, want that of the events which are not in the future", r.Span)
	}
}

func TestHoles(t *testing.T) {
	r := mustRun(t, small(), options(t))
	for _, c := range []struct {
		table string
		i     int
		want  quality.Reference
	}{
		{"watches", 0, quality.Reference{Column: "movie", To: "movies", Rows: 5, Holes: 2, Share: 0.4, IDs: 2, IDsExact: true, Asked: 2, Unknown: 1}},
		{"watches", 1, quality.Reference{Column: "user", To: "users", Rows: 5, Holes: 2, Share: 0.4, IDs: 1, IDsExact: true, Asked: 1, Unknown: 1}},
		{"ratings", 0, quality.Reference{Column: "movie", To: "movies", Rows: 2, Holes: 1, Share: 0.5, IDs: 1, IDsExact: true, Asked: 1, Unknown: 1}},
		{"accounts", 0, quality.Reference{Column: "user", To: "users", Rows: 1, Holes: 1, Share: 1, IDs: 1, IDsExact: true, Asked: 1}},
		{"exposures", 0, quality.Reference{Column: "user", To: "users", Rows: 2, Holes: 1, Share: 0.5, IDs: 1, IDsExact: true, Asked: 1}},
		{"exposed", 0, quality.Reference{Column: "movie", To: "movies", Rows: 2, Holes: 1, Share: 0.5, IDs: 1, IDsExact: true, Asked: 1}},
	} {
		if got := table(t, r, c.table).References[c.i]; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.table, got, c.want)
		}
	}
	twins := table(t, r, "movies").Duplicates
	for i, want := range []quality.Duplicate{
		{Key: "imdb_id", Groups: 1, Rows: 2, Examples: [][]catalog.MovieID{{"a", "b"}}},
		{Key: "tmdb_id"},
		{Key: "title+year", Groups: 1, Rows: 2, Examples: [][]catalog.MovieID{{"a", "b"}}},
	} {
		if !reflect.DeepEqual(twins[i], want) {
			t.Errorf("duplicates %+v, want %+v", twins[i], want)
		}
	}
}

func TestOverTime(t *testing.T) {
	r := mustRun(t, small(), options(t))
	var events int64
	for _, s := range r.Events.Series {
		for _, n := range s.Counts {
			events += n
		}
	}
	if events != 2*5+2+1 {
		t.Errorf("%d events over time, want both ends of 5 watches, 2 ratings and a sign-up", events)
	}
	if r.Intake.BucketSeconds != 3600 || len(r.Intake.Times) != 2 || len(r.Intake.Series) != 3 {
		t.Errorf("intake %+v", r.Intake)
	}
	var people int64
	for _, l := range r.Activity {
		people += l.People
	}
	if want := []int64{1, 2, 1, 1}; people != 5 || r.Activity[0].People != want[0] || r.Activity[1].People != want[1] || r.Activity[2].People != want[2] || r.Activity[3].People != want[3] {
		t.Errorf("activity %+v, want %v", r.Activity, want)
	}
}

// Whatever span the events have, a timeline holds all of them in bounded memory.
func TestTimelinesOfAnySpan(t *testing.T) {
	for _, step := range []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour, 400 * time.Hour} {
		m := &memory{scale: catalog.Scale5}
		const n = 3000
		for i := range n {
			m.accounts = append(m.accounts, catalog.Account{User: catalog.UserID(fmt.Sprintf("%04d", i)), At: at(0).Add(time.Duration(i*7%n) * step)})
		}
		opts := options(t)
		opts.Now = at(0).Add(n * step)
		e := mustRun(t, m, opts).Events
		var total int64
		for i, c := range e.Series[3].Counts {
			total += c
			if i > 0 && !e.Times[i].After(e.Times[i-1]) {
				t.Fatalf("times are not ascending: %v", e.Times)
			}
		}
		if total != n || len(e.Times) > 2000 {
			t.Errorf("steps of %s: %d events in %d buckets of %v s", step, total, len(e.Times), e.BucketSeconds)
		}
	}
}

func TestEmptyStore(t *testing.T) {
	r := mustRun(t, &memory{scale: catalog.Scale5}, options(t))
	if r.Span != nil || r.Drift.Basis != "none" || r.Failed.Error != 1 {
		t.Errorf("span %v, drift %s, %+v failed; want only that there are no movies", r.Span, r.Drift.Basis, r.Failed)
	}
	var page, text strings.Builder
	if err := errors.Join(r.WriteHTML(&page), r.WriteText(&text)); err != nil {
		t.Error(err)
	}
}

func TestSourceErrors(t *testing.T) {
	for _, fail := range []string{"scale", "movies", "users", "watches", "ratings", "accounts", "quarantine", "intake", "exposures", "unknown ids"} {
		m := small()
		m.fail = fail
		_, err := quality.Run(t.Context(), m, options(t))
		if !errors.Is(err, errBroken) || fail != "scale" && fail != "unknown ids" && !strings.Contains(err.Error(), fail) {
			t.Errorf("%s cannot be read: %v", fail, err)
		}
	}
	m := small()
	m.watches[0], m.watches[4] = m.watches[4], m.watches[0]
	if _, err := quality.Run(t.Context(), m, options(t)); err == nil || !strings.Contains(err.Error(), "order") {
		t.Errorf("watches out of order: %v", err)
	}
	opts := options(t)
	opts.Reference = &quality.Window{From: at(0), To: at(1)}
	if _, err := quality.Run(t.Context(), small(), opts); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("one window: %v", err)
	}
	opts.Current = &quality.Window{From: at(1), To: at(1)}
	if _, err := quality.Run(t.Context(), small(), opts); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("an empty window: %v", err)
	}
}

func BenchmarkRun(b *testing.B) {
	m := world(50_000, 1, 0)
	opts := options(b)
	for b.Loop() {
		mustRun(b, m, opts)
	}
	b.ReportMetric(float64(b.N*3*50_000)/b.Elapsed().Seconds(), "rows/s")
}
