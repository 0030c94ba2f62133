package catalogtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/catalog"
)

func testChanges(t *testing.T, s Store) {
	ctx := t.Context()
	since := func(seq int64, limit int) []catalog.Change {
		t.Helper()
		return ok[[]catalog.Change](t)(s.ChangesSince(ctx, seq, limit))
	}
	same(t, "none", since(0, 0), nil)
	same(t, "none: last", ok[int64](t)(s.LastChange(ctx)), 0)

	hide := catalog.Change{Seq: 99, At: after(1234567 * time.Nanosecond), Kind: catalog.ChangeHide, Subject: "heat+1995"}
	arm := catalog.Change{At: after(-time.Hour), Kind: catalog.ChangeExperiment, Subject: "ä/b", Detail: json.RawMessage(`{"arms": [1, "\u0000é"]}`)}
	same(t, "first", ok[int64](t)(s.PutChange(ctx, hide)), 1)
	same(t, "second", ok[int64](t)(s.PutChange(ctx, arm)), 2)
	hide.Seq, hide.At = 1, after(1234*time.Microsecond)
	arm.Seq = 2
	same(t, "both", since(0, 0), []catalog.Change{hide, arm})
	same(t, "first page", since(0, 1), []catalog.Change{hide})
	same(t, "after the first", since(1, 0), []catalog.Change{arm})
	same(t, "last", ok[int64](t)(s.LastChange(ctx)), 2)

	// A movie that is new or edited is told, one that is the same is not.
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "b"}, {ID: "a", Year: 1}, {ID: "b", Year: 2}}))
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "a", Year: 1}, {ID: "b", Year: 3}, {ID: "c"}}))
	ok[catalog.Tally](t)(s.PutMovies(ctx, []catalog.Movie{{ID: "a", Year: 1}}))
	ok[catalog.Tally](t)(s.PutUsers(ctx, []catalog.User{{ID: "a"}}))
	_, err := s.PutMovies(ctx, []catalog.Movie{{ID: "d"}, {ID: "not legal"}})
	fails(t, "illegal", err, catalog.ErrInvalid)
	var got []string
	for _, c := range since(2, 0) {
		got = append(got, fmt.Sprint(c.Seq, " ", c.Kind, " ", c.Subject, " ", string(c.Detail)))
		if age := time.Since(c.At); age < -time.Minute || age > time.Hour {
			t.Errorf("change %d is of %v, want now", c.Seq, c.At)
		}
	}
	same(t, "movies", got, []string{"3 movie b ", "4 movie a ", "5 movie b ", "6 movie c "})
	same(t, "counts", ok[catalog.Counts](t)(s.Counts(ctx)), catalog.Counts{Movies: 3, Users: 1, Changes: 6, Versions: 1})
}

func testChangesInvalid(t *testing.T, s Store) {
	ctx := t.Context()
	good := catalog.Change{Kind: catalog.ChangeHide, Subject: "1"}
	for what, spoil := range map[string]func(c *catalog.Change){
		"no kind":         func(c *catalog.Change) { c.Kind = "" },
		"unknown kind":    func(c *catalog.Change) { c.Kind = "hidden" },
		"no subject":      func(c *catalog.Change) { c.Subject = "" },
		"NUL in subject":  func(c *catalog.Change) { c.Subject = "a\x00" },
		"subject no text": func(c *catalog.Change) { c.Subject = "\xff" },
		"long subject":    func(c *catalog.Change) { c.Subject = strings.Repeat("x", 10_000) },
		"empty detail":    func(c *catalog.Change) { c.Detail = json.RawMessage{} },
		"detail no JSON":  func(c *catalog.Change) { c.Detail = json.RawMessage("{") },
		"detail no text":  func(c *catalog.Change) { c.Detail = json.RawMessage("\"\xff\"") },
		"huge detail":     func(c *catalog.Change) { c.Detail = json.RawMessage(`"` + strings.Repeat("x", 2<<20) + `"`) },
	} {
		c := good
		spoil(&c)
		_, err := s.PutChange(ctx, c)
		fails(t, what, err, catalog.ErrInvalid)
	}
	same(t, "nothing stored", ok[int64](t)(s.LastChange(ctx)), 0)
	same(t, "numbers have no gaps", ok[int64](t)(s.PutChange(ctx, good)), 1)
}

// A follower meets every number, one after the other, however the writers'
// commits fall.
func testChangesConcurrent(t *testing.T, s Store) {
	const writers, rounds, size = 4, 20, 3
	ctx := t.Context()
	var group sync.WaitGroup
	faults := make(chan error, writers)
	for w := range writers {
		group.Go(func() {
			for i := range rounds {
				var movies []catalog.Movie
				for j := range size - 1 {
					movies = append(movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprint(w, "-", i, "-", j))})
				}
				_, err := s.PutMovies(ctx, movies)
				if err == nil {
					_, err = s.PutChange(ctx, catalog.Change{Kind: catalog.ChangeBundle, Subject: fmt.Sprint(w, "-", i)})
				}
				if err != nil {
					faults <- err
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	var last int64
	subjects := make(map[string]bool)
	read := func() {
		for _, c := range ok[[]catalog.Change](t)(s.ChangesSince(ctx, last, 7)) {
			if c.Seq != last+1 {
				t.Fatalf("change %d follows %d: a number was committed late", c.Seq, last)
			}
			last = c.Seq
			subjects[c.Subject] = true
		}
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(time.Millisecond):
		}
		read()
	}
	for before := int64(-1); before != last; {
		before = last
		read()
	}
	select {
	case err := <-faults:
		t.Fatal(err)
	default:
	}
	same(t, "last", last, writers*rounds*size)
	same(t, "subjects", len(subjects), writers*rounds*size)
}
