package catalogapi_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
)

// store keeps what a crawl learns in memory.
type store struct {
	movies  map[catalog.MovieID]catalog.Movie
	users   map[catalog.UserID]catalog.User
	unknown map[string]bool
	puts    int
	onPut   func() error
}

func newStore() *store {
	return &store{movies: map[catalog.MovieID]catalog.Movie{}, users: map[catalog.UserID]catalog.User{}, unknown: map[string]bool{}}
}

func (s *store) Movie(_ context.Context, id catalog.MovieID) (catalog.Movie, error) {
	if m, ok := s.movies[id]; ok {
		return m, nil
	}
	return catalog.Movie{}, fmt.Errorf("movie %s: %w", id, catalog.ErrNotFound)
}

func (s *store) User(_ context.Context, id catalog.UserID) (catalog.User, error) {
	if u, ok := s.users[id]; ok {
		return u, nil
	}
	return catalog.User{}, fmt.Errorf("user %s: %w", id, catalog.ErrNotFound)
}

func (s *store) PutMovies(ctx context.Context, movies []catalog.Movie) (t catalog.Tally, err error) {
	if err := ctx.Err(); err != nil {
		return t, err
	}
	s.puts++
	if s.onPut != nil {
		if err := s.onPut(); err != nil {
			return t, err
		}
	}
	for _, m := range movies {
		s.movies[m.ID] = m
		t.New++
	}
	return t, nil
}

func (s *store) PutUsers(_ context.Context, users []catalog.User) (t catalog.Tally, err error) {
	for _, u := range users {
		s.users[u.ID] = u
		t.New++
	}
	return t, nil
}

func (s *store) UnknownIDs(_ context.Context, kind string, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, id := range ids {
		if s.unknown[kind+id] {
			out[id] = true
		}
	}
	return out, nil
}

func (s *store) PutUnknownIDs(_ context.Context, kind string, ids []string) error {
	for _, id := range ids {
		s.unknown[kind+id] = true
	}
	return nil
}

// A crawl that is interrupted again and again asks for every id once.
func TestCrawlResumes(t *testing.T) {
	const n = 500
	var cancel context.CancelFunc
	s := &service{}
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if len(s.paths())%97 == 0 {
			cancel()
			<-r.Context().Done() // this one never gets an answer
			return true
		}
		return false
	}
	s.answer = func(path string, _ int) (int, string) {
		if strings.HasSuffix(path, "7+1999") {
			return 404, `{"message":"movie not found"}`
		}
		return 200, record(path)
	}
	c := start(t, s, nil)
	dst := newStore()
	runs := 0
	for err := error(context.Canceled); err != nil; runs++ {
		if !errors.Is(err, context.Canceled) || runs > 20 {
			t.Fatalf("run %d: %v", runs, err)
		}
		var ctx context.Context
		ctx, cancel = context.WithCancel(t.Context())
		_, err = c.Crawl(ctx, catalogapi.IDs{Movies: manyIDs(n)}, dst, nil)
		cancel()
	}
	if len(dst.movies) != n-n/10 || len(dst.unknown) != n/10 {
		t.Errorf("%d movies and %d unknown ids, want %d and %d", len(dst.movies), len(dst.unknown), n-n/10, n/10)
	}
	// At most the requests under way at an interruption are asked again.
	if asked := len(s.paths()); asked > n+(runs-1)*4 || runs < 4 {
		t.Errorf("%d requests in %d runs for %d ids", asked, runs, n)
	}
	before := len(s.paths())
	report, err := c.Crawl(t.Context(), catalogapi.IDs{Movies: manyIDs(n)}, dst, nil)
	if err != nil || len(s.paths()) != before || report.Movies.Total() != 0 {
		t.Errorf("a crawl of what is known made %d requests, report %+v, error %v", len(s.paths())-before, report, err)
	}
}

func TestCrawlReports(t *testing.T) {
	var want catalog.Report
	for try := range 3 {
		s := &service{before: func(http.ResponseWriter, *http.Request) bool {
			time.Sleep(time.Duration(rand.IntN(2)) * time.Millisecond)
			return false
		}, answer: func(path string, _ int) (int, string) {
			switch {
			case strings.HasSuffix(path, "3+1999"):
				return 404, `{"message":"movie not found"}`
			case strings.HasSuffix(path, "15+1999"):
				return 200, `rubbish`
			case strings.HasSuffix(path, "20+1999"):
				return 200, strings.Replace(record(path), "}", `,"runtime":"long"}`, 1)
			}
			return 200, record(path)
		}}
		var seen []catalogapi.Progress
		dst := newStore()
		ids := append(manyIDs(50), manyIDs(20)...)
		ids = append(ids, "not legal")
		report, err := start(t, s, nil).Crawl(t.Context(), catalogapi.IDs{Movies: ids, Users: []catalog.UserID{"7", "8"}}, dst, func(p catalogapi.Progress) { seen = append(seen, p) })
		if err != nil {
			t.Fatal(err)
		}
		if report.Movies.New != 44 || report.Users.New != 2 || report.Refused != 7 || report.Mended != 1 || len(report.Faults) != 8 {
			t.Errorf("report is %+v", report)
		}
		if last := seen[0]; last != (catalogapi.Progress{Kind: catalogapi.KindMovie, Total: 51, Done: 51}) {
			t.Errorf("progress was %+v", seen)
		}
		if try > 0 && !reflect.DeepEqual(report, want) {
			t.Errorf("two crawls of the same gave\n%+v\n%+v", report, want)
		}
		want = report
	}
}

// A wrong base URL answers 404 to everything: nothing may be remembered of it.
func TestCrawlDistrustsBare404(t *testing.T) {
	dst := newStore()
	s := &service{answer: func(string, int) (int, string) { return 404, "404 page not found\n" }}
	report, err := start(t, s, nil).Crawl(t.Context(), catalogapi.IDs{Movies: manyIDs(300)}, dst, nil)
	if err != nil || report.Refused != 300 || len(dst.unknown) != 0 {
		t.Errorf("remembered %d of %d unknown ids, error %v; want none", len(dst.unknown), report.Refused, err)
	}
	s.answer = func(path string, _ int) (int, string) {
		if strings.HasSuffix(path, "299+1999") {
			return 200, record(path)
		}
		return 404, ""
	}
	if _, err := start(t, s, nil).Crawl(t.Context(), catalogapi.IDs{Movies: manyIDs(300)}, dst, nil); err != nil || len(dst.unknown) != 299 {
		t.Errorf("remembered %d unknown ids of a service that has shown itself, error %v; want 299", len(dst.unknown), err)
	}
}

func TestCrawlStoreFails(t *testing.T) {
	full := fmt.Errorf("disk full: %w", catalog.ErrUnavailable)
	dst := newStore()
	dst.onPut = func() error {
		if dst.puts == 2 {
			return full
		}
		return nil
	}
	s := &service{}
	if _, err := start(t, s, nil).Crawl(t.Context(), catalogapi.IDs{Movies: manyIDs(900)}, dst, nil); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("got %v, want the store's error", err)
	}
	if len(dst.movies) != 200 || len(s.paths()) > 450 {
		t.Errorf("%d movies stored after %d requests, want 200 and to stop soon", len(dst.movies), len(s.paths()))
	}
}

func TestCrawlBulk(t *testing.T) {
	s := &service{answer: func(path string, _ int) (int, string) {
		ids := strings.Split(strings.TrimPrefix(path, "/movie/"), ",")
		ids = slices.DeleteFunc(ids, func(id string) bool { return strings.HasSuffix(id, "7+1999") })
		return 200, records(ids)
	}}
	dst := newStore()
	report, err := start(t, s, bulk(50)).Crawl(t.Context(), catalogapi.IDs{Movies: manyIDs(1000)}, dst, nil)
	if err != nil || report.Movies.New != 900 || len(dst.unknown) != 100 || len(s.paths()) != 20 {
		t.Errorf("%d movies, %d unknown, %d requests, error %v; want 900, 100, 20", report.Movies.New, len(dst.unknown), len(s.paths()), err)
	}
}
