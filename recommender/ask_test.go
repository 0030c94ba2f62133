package recommender_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

// A remote index says that the last rows are near to every row, and can be taken away
// or made to hang.
type remote struct {
	exact
	mu       sync.Mutex
	asked    int
	rows     []uint32
	excluded []uint32
	err      error
	hang     bool
	gate     chan struct{} // if not nil, each question waits for it
	answer   func(rows []uint32) [][]indexer.Hit
}

func (r *remote) Neighbours(ctx context.Context, rows []uint32, k int, exclude []uint32) ([][]indexer.Hit, error) {
	r.mu.Lock()
	r.asked++
	r.rows, r.excluded = rows, exclude
	err, hang, gate, answer := r.err, r.hang, r.gate, r.answer
	r.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if hang || ctx.Err() != nil {
		<-ctx.Done()
		return nil, fmt.Errorf("no answer: %w: %w", ctx.Err(), catalog.ErrUnavailable)
	}
	if err != nil {
		return nil, err
	}
	if answer != nil {
		return answer(rows), nil
	}
	lists := make([][]indexer.Hit, len(rows))
	for i, row := range rows {
		for last := uint32(r.n); last > 0 && len(lists[i]) < k; last-- {
			if last-1 != row && !slices.Contains(exclude, last-1) {
				lists[i] = append(lists[i], indexer.Hit{Row: last - 1, Score: float32(last) / float32(r.n)})
			}
		}
	}
	return lists, nil
}

func (r *remote) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *remote) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// watcher watched the first movies.
type watcher int

func (w watcher) Of(context.Context, catalog.UserID) (history.Entry, bool, error) {
	var e history.Entry
	for i := range int(w) {
		e.Seen = append(e.Seen, catalog.Seen{Movie: catalog.MovieID(fmt.Sprintf("x-%02d", i)), Rated: true, Rating: 5})
	}
	return e, true, nil
}

// asking returns a service over 20 movies whose index is remote.
func asking(t *testing.T, h recommender.Histories, change func(c *recommender.AskConfig, b *bundle.Bundle)) (*recommender.Service, *remote) {
	t.Helper()
	b := sample(t, "x", 20)
	ix := &remote{exact: exact{20}}
	b.Index = ix
	c := recommender.DefaultAskConfig()
	if change != nil {
		change(&c, b)
	}
	s := recommender.New(h, "", time.Now)
	if err := s.Ask(c, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	return s, ix
}

func idsOf(a recommender.Answer) string {
	var ids []string
	for _, i := range a.List.Items {
		ids = append(ids, string(a.Live.Snapshot.Movies.IDs[i.Row]))
	}
	return strings.Join(ids, " ")
}

func must(t *testing.T) func(recommender.Answer, error) recommender.Answer {
	return func(a recommender.Answer, err error) recommender.Answer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
}

// An index outside of the process says what is near to the newest movies of a history,
// without what was watched, and so why a movie was listed; editors have the last word.
func TestNeighboursFromElsewhere(t *testing.T) {
	s, ix := asking(t, watcher(6), func(c *recommender.AskConfig, b *bundle.Bundle) {
		c.Rows = 4
		b.Hidden = []catalog.MovieID{"x-19"}
		b.Corrections = []catalog.Correction{{Movie: "x-00", Other: "x-18", Kind: catalog.Block}, {Movie: "x-01", Other: "x-07", Kind: catalog.Pin}}
	})
	a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 3}))
	if got := idsOf(a); got != "x-17 x-18 x-16" || a.Neighbours != recommender.FromIndex || a.List.Tier != rank.TierPersonal {
		t.Errorf("list %q by %q; want the last movies, but for the hidden one, x-18 behind since the newest movie does not speak for it", got, a.Neighbours)
	}
	if !slices.Equal(ix.rows, []uint32{0, 1, 2, 3}) || !slices.Equal(ix.excluded, []uint32{0, 1, 2, 3, 4, 5}) {
		t.Errorf("asked about %v without %v", ix.rows, ix.excluded)
	}
	if why := a.Reasons(9)[0]; len(why) != 4 || why[0].Row != 0 || why[0].Similarity != 0.9 {
		t.Errorf("because of %+v", why)
	}
	if !slices.ContainsFunc(a.Near[1], func(h indexer.Hit) bool { return h.Row == 7 && h.Score >= 1 }) {
		t.Errorf("near the second: %v, without what was pinned", a.Near[1])
	}
	a = must(t)(s.Similar(t.Context(), "x-00", recommender.Call{N: 2}))
	if got := idsOf(a); got != "x-17 x-16" || a.Neighbours != recommender.FromIndex {
		t.Errorf("similar: %q by %q", got, a.Neighbours)
	}
}

// Nobody is asked when it does not matter: for somebody without a history, for an arm
// that lists no neighbours, and when the index is in the process.
func TestNobodyIsAskedInVain(t *testing.T) {
	s, ix := asking(t, nobody{}, nil)
	if a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 3})); a.Neighbours != "" || ix.questions() != 0 {
		t.Errorf("without a history: by %q after %d questions", a.Neighbours, ix.questions())
	}
	s = recommender.New(watcher(3), "", time.Now)
	b := armed(t, "x", 20, "a")
	b.Index = ix
	if err := s.Swap(b); err != nil {
		t.Fatal(err)
	}
	if a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 3})); a.Neighbours != "" || ix.questions() != 0 {
		t.Errorf("by a model: by %q after %d questions", a.Neighbours, ix.questions())
	}
	if err := s.Swap(sample(t, "x", 20)); err != nil {
		t.Fatal(err)
	}
	if a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 3})); a.Neighbours != "" {
		t.Errorf("with an index in the process: by %q", a.Neighbours)
	}
}

// Whatever the index does, the list comes in time, from the bundle's own table, and is
// the one that the table makes.
func TestTableAnswersForTheIndex(t *testing.T) {
	nan := float32(math.NaN())
	for name, fault := range map[string]func(*remote){
		"away":       func(r *remote) { r.err = catalog.ErrUnavailable },
		"hangs":      func(r *remote) { r.hang = true },
		"too few":    func(r *remote) { r.answer = func([]uint32) [][]indexer.Hit { return nil } },
		"other rows": func(r *remote) { r.answer = func(rows []uint32) [][]indexer.Hit { return nonsense(len(rows), 99, 1) } },
		"NaN":        func(r *remote) { r.answer = func(rows []uint32) [][]indexer.Hit { return nonsense(len(rows), 9, nan) } },
	} {
		synctest.Test(t, func(t *testing.T) {
			s, ix := asking(t, watcher(2), nil)
			fault(ix)
			began := time.Now()
			a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 20}))
			if took := time.Since(began); took > 100*time.Millisecond {
				t.Errorf("%s: took %v", name, took)
			}
			rubbish := ix.answer != nil && name != "too few"
			if (a.Neighbours == recommender.FromTable) == rubbish || len(a.List.Items) != 18 {
				t.Errorf("%s: %d movies by %q", name, len(a.List.Items), a.Neighbours)
			}
			for _, i := range a.List.Items {
				if !(i.Score >= 0 && i.Score <= 1) {
					t.Errorf("%s: row %d scores %v", name, i.Row, i.Score)
				}
			}
			if rubbish {
				return
			}
			local := recommender.New(watcher(2), "", time.Now)
			if err := local.Swap(sample(t, "x", 20)); err != nil {
				t.Fatal(err)
			}
			if want := must(t)(local.Recommend(t.Context(), recommender.Call{User: "u", N: 20})); idsOf(a) != idsOf(want) {
				t.Errorf("%s: list %q, want %q", name, idsOf(a), idsOf(want))
			}
		})
	}
}

func nonsense(n int, row uint32, score float32) [][]indexer.Hit {
	lists := make([][]indexer.Hit, n)
	for i := range lists {
		lists[i] = []indexer.Hit{{Row: row, Score: score}}
	}
	return lists
}

// An index that fails is left alone for a while, asked once then, and again as always
// when it answers; a client that goes away is not its fault.
func TestIndexIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ix := asking(t, watcher(2), nil)
		c := recommender.DefaultAskConfig()
		ask := func(n int) (from string) {
			for range n {
				from = must(t)(s.Similar(t.Context(), "x-00", recommender.Call{N: 3})).Neighbours
			}
			return from
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for range 3 * c.Failures {
			if a := must(t)(s.Recommend(gone, recommender.Call{User: "u", N: 3})); a.Neighbours != recommender.FromIndex {
				t.Fatalf("for a client that is gone: by %q", a.Neighbours)
			}
		}
		before := ix.questions()
		ix.set(func() { ix.err = catalog.ErrUnavailable })
		if from := ask(50); from != recommender.FromTable || ix.questions() != before+c.Failures {
			t.Errorf("asked %d times while it failed, want %d", ix.questions()-before, c.Failures)
		}
		time.Sleep(c.Pause)
		ask(50)
		if ix.questions() != before+c.Failures+1 {
			t.Errorf("asked %d times after the pause, want once", ix.questions()-before-c.Failures)
		}
		ix.set(func() { ix.err = nil })
		if from := ask(1); from != recommender.FromTable {
			t.Errorf("in the next pause: by %q", from)
		}
		time.Sleep(c.Pause)
		if from := ask(9); from != recommender.FromIndex || ix.questions() != before+c.Failures+10 {
			t.Errorf("when it is back: by %q after %d questions", from, ix.questions()-before)
		}
	})
}

// So many questions at once and no more: the next request does not wait.
func TestIndexIsNotFlooded(t *testing.T) {
	s, ix := asking(t, watcher(2), func(c *recommender.AskConfig, _ *bundle.Bundle) { c.Concurrent, c.Timeout = 3, time.Minute })
	ix.gate = make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if a, err := s.Recommend(t.Context(), recommender.Call{User: "u", N: 3}); err != nil || a.Neighbours != recommender.FromIndex {
				t.Errorf("by %q, %v", a.Neighbours, err)
			}
		})
	}
	for ix.questions() < 3 {
		time.Sleep(time.Millisecond)
	}
	if a := must(t)(s.Recommend(t.Context(), recommender.Call{User: "u", N: 3})); a.Neighbours != recommender.FromTable || ix.questions() != 3 {
		t.Errorf("the fourth: by %q after %d questions", a.Neighbours, ix.questions())
	}
	close(ix.gate)
	wg.Wait()
}

func TestAskConfig(t *testing.T) {
	if err := recommender.DefaultAskConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := recommender.New(nobody{}, "", time.Now).Ask(recommender.AskConfig{}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "timeout") || !strings.Contains(err.Error(), "pause") {
		t.Errorf("settings of zeros: %v, want every fault", err)
	}
}
