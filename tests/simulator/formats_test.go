package simulator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/stream"
	"marquee/tests/simulator"
)

// The product's parser reads the stream: it refuses the noise that broke a
// line, and nothing else.
func TestStreamIsOfTheGrammar(t *testing.T) {
	w := world(t, func(c *simulator.Config) { c.People = 300 })
	for _, edition := range []string{simulator.Edition2025, simulator.Edition2026} {
		for _, noise := range []float64{0, 0.0011, 0.2} {
			cfg := simulator.DefaultStream(edition)
			cfg.NoiseShare = noise
			truth, text := streamOf(t, w, cfg)
			scale := stream.DefaultConfig()
			if edition == simulator.Edition2026 {
				scale.Scale = catalog.Scale10
			}
			src, err := stream.NewPipe(bytes.NewReader(text), scale, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			sum, err := stream.Run(t.Context(), src, sink{}, stream.RunConfig{})
			if err != nil {
				t.Fatal(err)
			}
			want := stream.Kept{Watch: int64(truth.Watch), Rate: int64(truth.Rate), Recommendation: int64(truth.Recommendation), CreateAccount: int64(truth.CreateAccount)}
			if sum.Lines != int64(truth.Lines) || sum.Kept != want || sum.RefusedTotal() != int64(truth.Refused) {
				t.Errorf("edition %s, noise %v: read %+v, want %d lines, %+v and %d refused", edition, noise, sum, truth.Lines, want, truth.Refused)
			}
			if (noise == 0) != (truth.Noisy == 0) || truth.Watch == 0 || truth.Rate == 0 || truth.Recommendation == 0 || (truth.CreateAccount > 0) != (edition == simulator.Edition2026) {
				t.Errorf("edition %s, noise %v: %d noisy lines, %+v", edition, noise, truth.Noisy, want)
			}
		}
	}
}

type sink struct{}

func (sink) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	return catalog.Applied{Held: b.To}, nil
}

// Lines come in order by whole second, without seconds where these are 00, and
// each watch reaches its last minute.
func TestStreamOrderAndMinutes(t *testing.T) {
	w := world(t, func(c *simulator.Config) { c.People = 400 })
	cfg := simulator.DefaultStream(simulator.Edition2025)
	cfg.NoiseShare = 0
	truth, text := streamOf(t, w, cfg)
	var last time.Time
	var e stream.Event
	short := 0
	furthest := map[string]int{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if r := stream.ParseLine(line, &e); r != stream.Accepted {
			t.Fatalf("%s: %s", line, r)
		}
		at := e.At.Truncate(time.Second)
		if at.Before(last) {
			t.Fatalf("%s comes after %v", line, last)
		}
		last = at
		if bytes.IndexByte(line, ',') == len("2006-01-02T15:04") {
			short++
		} else if at.Second() == 0 && e.Kind != stream.Recommendation {
			t.Fatalf("%s has seconds", line)
		}
		if e.Kind == stream.Watch {
			key := string(e.User) + " " + string(e.Movie)
			furthest[key] = max(furthest[key], e.Minute)
		}
	}
	for _, x := range truth.Watches {
		if key := w.People[x.Person].ID + " " + x.ID; x.Movie >= 0 && furthest[key] != x.Last {
			t.Errorf("%s reached minute %d, want %d", key, furthest[key], x.Last)
		}
	}
	if share := float64(short) / float64(truth.Lines); share < 0.008 || share > 0.03 {
		t.Errorf("%.4f of lines have no seconds, want about 1/60", share)
	}
	if days := last.Sub(cfg.Start).Hours() / 24; days < 55 || days > 61 {
		t.Errorf("the stream ends after %.1f days", days)
	}
}

func client(t *testing.T, api *simulator.API, change func(*catalogapi.Config)) *catalogapi.Client {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := catalogapi.DefaultConfig(server.URL, catalogapi.Edition2025)
	cfg.RequestsPerSecond = 0
	cfg.MinDelay, cfg.MaxDelay, cfg.MaxRetryAfter = time.Millisecond, 5*time.Millisecond, 5*time.Millisecond
	change(&cfg)
	c, err := catalogapi.New(cfg, &http.Client{Transport: transport}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func api(t *testing.T, w *simulator.World, cfg simulator.APIConfig) *simulator.API {
	t.Helper()
	a, err := w.API(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The product's client reads every record of both editions without a note, a
// service that limits and fails included.
func TestAPIIsRead(t *testing.T) {
	w := world(t, func(c *simulator.Config) { c.Movies, c.People = 400, 100 })
	for _, c := range []struct {
		name   string
		api    simulator.APIConfig
		client func(*catalogapi.Config)
	}{
		{"2025", simulator.APIConfig{Edition: simulator.Edition2025}, func(c *catalogapi.Config) {}},
		{"2026", simulator.APIConfig{Edition: simulator.Edition2026}, func(c *catalogapi.Config) { c.Edition, c.Bulk = catalogapi.Edition2026, 200 }},
		{"2026, one by one", simulator.APIConfig{Edition: simulator.Edition2026}, func(c *catalogapi.Config) { c.Edition, c.Bulk = catalogapi.Edition2026, 1 }},
		{"failing", simulator.APIConfig{Edition: simulator.Edition2025, FaultShare: 0.1}, func(c *catalogapi.Config) {}},
		{"limited", simulator.APIConfig{Edition: simulator.Edition2025, RequestsPerSecond: 5000, Burst: 5}, func(c *catalogapi.Config) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := client(t, api(t, w, c.api), c.client)
			ids := []catalog.MovieID{"nobody+made+this+1999"}
			for _, m := range w.Movies {
				ids = append(ids, catalog.MovieID(m.ID))
			}
			i := -1
			for a, err := range cl.Movies(t.Context(), ids) {
				if err != nil {
					t.Fatal(err)
				}
				if i++; i == 0 {
					if !a.Unknown {
						t.Errorf("%s is known: %+v", a.ID, a)
					}
					continue
				}
				if a.Fault != nil || len(a.Notes) > 0 {
					t.Fatalf("%s: fault %v, notes %q", a.ID, a.Fault, a.Notes)
				}
				checkMovie(t, a.Record, w.Movies[i-1], c.api.Edition)
			}
			checkUsers(t, cl, w, c.api.Edition)
		})
	}
}

func checkMovie(t *testing.T, got catalog.Movie, m simulator.Movie, edition string) {
	t.Helper()
	plot := m.Overview
	if m.Mess == simulator.NoPlot || m.Mess == simulator.EmptyPlot || m.Mess == simulator.MissingKeys {
		plot = ""
	}
	cost := 0.0
	if edition == simulator.Edition2026 {
		cost = m.CostUSD
	}
	if got.Title != m.Title || got.Overview != plot || got.Year != m.Year || got.Adult != m.Adult || got.CostUSD != cost || got.Language != m.Language || got.IMDBID != m.IMDBID() || got.TMDBID != int64(m.TMDBID()) {
		t.Errorf("got %+v\nof  %+v", got, m)
	}
	if m.Collection != got.Collection && m.Mess != simulator.MissingKeys {
		t.Errorf("%s is of %q, want %q", m.ID, got.Collection, m.Collection)
	}
}

func checkUsers(t *testing.T, cl *catalogapi.Client, w *simulator.World, edition string) {
	t.Helper()
	var ids []catalog.UserID
	for _, p := range w.People {
		ids = append(ids, catalog.UserID(p.ID))
	}
	i := 0
	for a, err := range cl.Users(t.Context(), ids) {
		if err != nil || a.Fault != nil || a.Unknown || len(a.Notes) > 0 {
			t.Fatalf("user %s: %+v, %v", a.ID, a, err)
		}
		p := w.People[i]
		if u := a.Record; string(u.ID) != p.ID || u.Age != p.Age || u.Gender != p.Gender || u.Occupation != p.Occupation {
			t.Errorf("got %+v of %+v", u, p)
		} else if told := len(u.Extra) > 0; told != (edition == simulator.Edition2026 && p.Likes != "") {
			t.Errorf("user %s: extra is %s", p.ID, u.Extra)
		}
		i++
	}
}

func TestAPIRefusesTooMany(t *testing.T) {
	w := world(t, func(c *simulator.Config) { c.Movies, c.People = 3, 3 })
	for _, c := range []struct {
		edition, path string
		want          int
	}{
		{simulator.Edition2026, "/movie/" + strings.Repeat("a,", 200) + "a", 400},
		{simulator.Edition2026, "/movie/none+1999", 200},
		{simulator.Edition2025, "/movie/none+1999", 404},
		{simulator.Edition2025, "/", 404},
		{simulator.Edition2025, "/movies/" + w.Movies[0].ID, 404},
		{simulator.Edition2025, "/movie/" + w.Movies[0].ID, 200},
	} {
		rec := httptest.NewRecorder()
		api(t, w, simulator.APIConfig{Edition: c.edition}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, c.path, nil))
		if rec.Code != c.want {
			t.Errorf("%s %.40s: status %d, want %d", c.edition, c.path, rec.Code, c.want)
		}
	}
}

func TestFiles(t *testing.T) {
	w := world(t, func(c *simulator.Config) { c.Movies, c.People = 30, 20 })
	var ids, facts bytes.Buffer
	if err := errors.Join(w.WriteMovieIDs(&ids), w.WriteUserIDs(&ids), w.WriteFacts(&facts)); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(ids.String()), "\n")
	if len(lines) != 50 || lines[0] != w.Movies[0].ID || lines[49] != w.People[19].ID {
		t.Errorf("ids are %q", lines)
	}
	if n := strings.Count(facts.String(), "\n"); n != 30 || !strings.Contains(facts.String(), fmt.Sprintf("%q", w.Movies[7].Director)) {
		t.Errorf("%d facts:\n%s", n, facts.String())
	}
	if err := w.WriteMovieIDs(broken{}); err == nil {
		t.Error("a write that failed was not reported")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
