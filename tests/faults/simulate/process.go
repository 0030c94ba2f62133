package simulate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/tests/faults/txdb"
	"marquee/tests/faults/wire"
)

// A process reads the topic, life after life, until its context ends.
type process struct {
	world  *world
	number int

	mu      sync.Mutex
	restart context.CancelFunc // of the life that is
	closing sync.WaitGroup     // of lives that crashed
}

func (p *process) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		p.live(ctx, n)
		pause := time.Duration(50+(p.number*7919+n*104729+int(p.world.plan.Seed%1000)*31)%9000) * time.Millisecond
		if sleep(ctx, pause) != nil {
			break
		}
	}
	p.closing.Wait()
}

// life names life n.
func (p *process) life(n int) string { return fmt.Sprintf("process-%d-life-%d", p.number, n) }

// stop ends the life that is, in good order.
func (p *process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.restart != nil {
		p.restart()
	}
}

func (p *process) live(ctx context.Context, n int) {
	w := p.world
	whole := ctx
	defer p.closing.Go(func() { w.stage.bury(whole, p.life(n)) })
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.mu.Lock()
	p.restart = cancel
	p.mu.Unlock()
	var life []Strike
	if lives := w.plan.Lives[p.number]; n < len(lives) {
		life = lives[n]
	}
	link := w.net.Link()
	h := newHand(life, w.plan.Seed, uint64(p.number)<<32|uint64(n), link, cancel, &w.away, &w.stalled)
	for _, s := range life {
		if s.Point == AnyTime {
			timer := time.AfterFunc(s.For, h.crash)
			defer timer.Stop()
		}
	}
	src, store, err := p.open(ctx, n, link, h)
	if err != nil {
		if ctx.Err() == nil {
			w.note(fmt.Errorf("open: %w", err))
		}
		return
	}
	p.read(ctx, src, store, h)
	if h.dead.Load() {
		p.closing.Go(func() { _ = src.Close() }) // its network is cut: nobody hears of it
		return
	}
	_ = src.Close()
}

func (p *process) open(ctx context.Context, n int, link *wire.Link, h *hand) (Source, txdb.Store, error) {
	w := p.world
	store := w.backend.Open(h.step)
	held := stream.Offsets(store)
	if w.lying != nil {
		held = w.lying(link)
	}
	cfg := stream.DefaultConfig()
	cfg.BatchLines = w.plan.BatchLines
	src, err := w.stage.open(ctx, p.life(n), link, held, cfg)
	return src, store, err
}

// read runs the pipeline and keeps what it says.
func (p *process) read(ctx context.Context, src Source, store txdb.Store, h *hand) {
	w := p.world
	cfg := stream.DefaultRunConfig()
	var told int64
	sink := &named{Store: store, world: w}
	cfg.Applied = func(b catalog.Batch, _ catalog.Applied, total stream.Summary) {
		if b.Partition != sink.last.Partition || b.From != sink.last.From || !sink.applied {
			w.fault("process %d: offsets %d to %d of %s were told as applied, the store never said so", p.number, b.From, b.To, b.Partition)
		}
		told += int64(len(b.Minutes) + len(b.Ratings) + len(b.Accounts) + len(b.Refused) + b.Lists)
		if total.Lines != told {
			w.fault("process %d: the summary says %d lines, its batches have %d", p.number, total.Lines, told)
		}
	}
	total, err := stream.Run(ctx, &watched{Source: src, hand: h}, sink, cfg)
	if total.Lines != told {
		w.fault("process %d: the last summary says %d lines, the batches have %d", p.number, total.Lines, told)
	}
	if !errors.Is(err, txdb.ErrCrash) && ctx.Err() == nil {
		w.note(fmt.Errorf("run: %w", err))
	}
}

// watched is a source whose points are struck.
type watched struct {
	Source
	hand *hand
}

func (s *watched) Fetch(ctx context.Context) (catalog.Batch, error) {
	if err := s.hand.at(ctx, BeforeFetch); err != nil {
		return catalog.Batch{}, err
	}
	b, err := s.Source.Fetch(ctx)
	if err != nil {
		return b, err
	}
	return b, s.hand.at(ctx, Fetched)
}

func (s *watched) Acknowledge(ctx context.Context, b catalog.Batch, done catalog.Applied, err error) error {
	if err := s.hand.at(ctx, BeforeAcknowledge); err != nil {
		return err
	}
	return s.Source.Acknowledge(ctx, b, done, err)
}

// named is a sink that remembers which partitions it saw, and what was
// answered.
type named struct {
	txdb.Store
	world   *world
	last    catalog.Batch
	unknown bool // the last call may have stored it
	applied bool // last is in the store, for all that its reader can know
}

func (s *named) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	s.world.name(b.Partition)
	again := s.unknown && b.Partition == s.last.Partition && b.From == s.last.From
	done, err := s.Store.Append(ctx, b)
	if err == nil {
		s.world.claim(b)
	}
	s.last, s.unknown = b, errors.Is(err, catalog.ErrUnavailable)
	s.applied = err == nil || again && errors.Is(err, catalog.ErrOffset) && done.Held == b.To
	return done, err
}
