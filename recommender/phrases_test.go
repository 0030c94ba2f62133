package recommender_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender"
	"marquee/recommender/bundle"
)

// A speller embeds texts by their length, and counts.
type speller struct {
	id     embedder.ID
	mu     sync.Mutex
	asked  int
	closed int
}

func (s *speller) ID() embedder.ID { return s.id }
func (s *speller) Embed(_ context.Context, texts []string, dst []float32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed > 0 {
		return errors.New("closed")
	}
	s.asked++
	for i, t := range texts {
		dst[i*s.id.Dims] = float32(len(t))
	}
	return nil
}
func (s *speller) Close() error { s.mu.Lock(); defer s.mu.Unlock(); s.closed++; return nil }

func liveIn(space embedder.ID) *recommender.Live {
	return &recommender.Live{Bundle: &bundle.Bundle{Manifest: bundle.Manifest{ID: "b", Embedder: space}}}
}

// A text is embedded once; another space has another embedder, and the one before is
// closed when it is used no more.
func TestPhrases(t *testing.T) {
	one, two := embedder.ID{Model: "one", Dims: 2}, embedder.ID{Model: "two", Dims: 3}
	made := map[embedder.ID]*speller{}
	p := recommender.NewPhrases(func(_ context.Context, b *bundle.Bundle) (embedder.Embedder, error) {
		made[b.Manifest.Embedder] = &speller{id: b.Manifest.Embedder}
		return made[b.Manifest.Embedder], nil
	})
	for range 3 {
		v, err := p.Embed(t.Context(), liveIn(one), "four")
		if err != nil || len(v) != 2 || v[0] != 4 {
			t.Fatalf("%v, %v", v, err)
		}
	}
	if made[one].asked != 1 {
		t.Errorf("embedded %d times, want once", made[one].asked)
	}
	if v, err := p.Embed(t.Context(), liveIn(two), "four"); err != nil || len(v) != 3 {
		t.Fatalf("%v, %v", v, err)
	}
	if made[one].closed != 1 || made[two].closed != 0 {
		t.Errorf("closed %d and %d times, want once and not", made[one].closed, made[two].closed)
	}
	p.Close()
	if made[two].closed != 1 {
		t.Error("the embedder stays open")
	}
}

// What cannot be embedded now can be asked for again.
func TestPhrasesOpensAgain(t *testing.T) {
	space := embedder.ID{Model: "one", Dims: 2}
	fault := errors.New("no weights")
	p := recommender.NewPhrases(func(context.Context, *bundle.Bundle) (embedder.Embedder, error) {
		return &speller{id: space}, fault
	})
	if _, err := p.Embed(t.Context(), liveIn(space), "x"); !errors.Is(err, catalog.ErrUnavailable) || !strings.Contains(err.Error(), "no weights") {
		t.Errorf("%v, want that it is unavailable and why", err)
	}
	fault = nil
	if _, err := p.Embed(t.Context(), liveIn(space), "x"); err != nil {
		t.Error(err)
	}
	other := embedder.ID{Model: "other", Dims: 2}
	if _, err := p.Embed(t.Context(), liveIn(other), "x"); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("an embedder of another space: %v", err)
	}
}

// Nobody waits for an embedder that takes long to open for longer than they have, and who
// comes later gets it.
func TestPhrasesOpenedSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		space := embedder.ID{Model: "one", Dims: 2}
		p := recommender.NewPhrases(func(context.Context, *bundle.Bundle) (embedder.Embedder, error) {
			time.Sleep(time.Minute)
			return &speller{id: space}, nil
		})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.Embed(ctx, liveIn(space), "x"); !errors.Is(err, catalog.ErrUnavailable) || time.Since(began) > time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if _, err := p.Embed(t.Context(), liveIn(space), "x"); err != nil || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		p.Close()
	})
}

// An embedder that breaks while it is opened is one that is not there.
func TestPhrasesThatBreak(t *testing.T) {
	p := recommender.NewPhrases(func(context.Context, *bundle.Bundle) (embedder.Embedder, error) { panic("broken") })
	defer p.Close()
	if _, err := p.Embed(t.Context(), liveIn(embedder.ID{Model: "one", Dims: 2}), "x"); !errors.Is(err, catalog.ErrUnavailable) {
		t.Error(err)
	}
}

// Many may ask at once while bundles change.
func TestPhrasesAtOnce(t *testing.T) {
	p := recommender.NewPhrases(func(_ context.Context, b *bundle.Bundle) (embedder.Embedder, error) {
		return &speller{id: b.Manifest.Embedder}, nil
	})
	defer p.Close()
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			space := embedder.ID{Model: fmt.Sprint(i % 3), Dims: 1 + i%3}
			text := fmt.Sprint("text ", i%7)
			v, err := p.Embed(t.Context(), liveIn(space), text)
			if err != nil || len(v) != space.Dims || v[0] != float32(len(text)) {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
	wg.Wait()
}

// An embeds embeds by a func.
type embeds struct {
	speller
	by func(ctx context.Context, dst []float32) error
}

func (e *embeds) Embed(ctx context.Context, _ []string, dst []float32) error { return e.by(ctx, dst) }

// embedding returns phrases whose embedder, of two dimensions, is by, and a bundle for it.
func embedding(by func(ctx context.Context, dst []float32) error) (*recommender.Phrases, *recommender.Live) {
	space := embedder.ID{Model: "one", Dims: 2}
	return recommender.NewPhrases(func(context.Context, *bundle.Bundle) (embedder.Embedder, error) {
		return &embeds{speller{id: space}, by}, nil
	}), liveIn(space)
}

// A text that takes longer to embed than anybody waits is embedded once, and there the next
// time.
func TestPhrasesOutliveWhoAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		p, live := embedding(func(ctx context.Context, dst []float32) error {
			asked++
			select {
			case <-time.After(time.Second):
				dst[0] = 1
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		defer p.Close()
		ask := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
			defer cancel()
			_, err := p.Embed(ctx, live, "x")
			return err
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := ask(); !errors.Is(err, catalog.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want that it takes too long", err)
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Second)
		if err := ask(); err != nil || asked != 1 {
			t.Errorf("embedded %d times: %v, want once", asked, err)
		}
	})
}

// An embedder that hangs is given up some time, and at the end at once; no more texts are
// embedded at once than there is room for.
func TestPhrasesThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now, most := 0, 0
		var mu sync.Mutex
		p, live := embedding(func(ctx context.Context, _ []float32) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			now--
			mu.Unlock()
			return ctx.Err()
		})
		began := time.Now()
		if _, err := p.Embed(t.Context(), live, "x"); !errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for i := range 9 {
			wg.Go(func() {
				if _, err := p.Embed(ctx, live, fmt.Sprint("text ", i)); !errors.Is(err, catalog.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		if most != 2 || now != 2 {
			t.Errorf("%d texts at once, and %d when nobody waits any more, want 2", most, now)
		}
		began = time.Now()
		if p.Close(); time.Since(began) != 0 || now != 0 {
			t.Errorf("closed after %v with %d under way", time.Since(began), now)
		}
	})
}

// Whatever an embedder's fault says of itself, it is none of who asks.
func TestPhrasesFaults(t *testing.T) {
	for name, by := range map[string]func(context.Context, []float32) error{
		"invalid":   func(context.Context, []float32) error { return fmt.Errorf("model: %w", catalog.ErrInvalid) },
		"not found": func(context.Context, []float32) error { return catalog.ErrNotFound },
		"broken":    func(context.Context, []float32) error { panic("broken") },
	} {
		p, live := embedding(by)
		if _, err := p.Embed(t.Context(), live, "x"); !errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, catalog.ErrInvalid) || errors.Is(err, catalog.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		p.Close()
	}
	p := recommender.NewPhrases(func(context.Context, *bundle.Bundle) (embedder.Embedder, error) {
		return nil, fmt.Errorf("name the API: %w", catalog.ErrInvalid)
	})
	defer p.Close()
	if _, err := p.Embed(t.Context(), liveIn(embedder.ID{Dims: 2}), "x"); !errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("no embedder: %v", err)
	}
}
