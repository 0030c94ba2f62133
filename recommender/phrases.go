package recommender

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/bundle"
)

// Phrases embeds what people type, in the space of the bundle that answers them. It
// remembers the vectors of the texts it was asked for last.
type Phrases struct {
	open func(ctx context.Context, b *bundle.Bundle) (embedder.Embedder, error)
	room chan struct{} // as many as may be embedded at once

	mu      sync.Mutex
	space   *phraseSpace // of the bundle asked about last; nil before the first
	vectors map[phrase][]float32
	making  map[phrase]*making
	working sync.WaitGroup // on embedders that are opened and texts that are embedded
}

// A making is a text that is being embedded, for all who ask for it.
type making struct {
	done chan struct{} // closed once v or err is there
	v    []float32
	err  error
	stop context.CancelFunc
}

// A phraseSpace is an embedder in use.
type phraseSpace struct {
	id       embedder.ID
	opened   chan struct{} // closed once embedder or err is there
	embedder embedder.Embedder
	err      error
	uses     int  // guarded by Phrases.mu
	old      bool // another took its place
}

type phrase struct {
	space embedder.ID
	text  string
}

const (
	phrasesAtOnce = 2
	phrasesMost   = 5000             // remembered: 384 dimensions each make 8 MB
	phraseWait    = 10 * time.Second // longest time to embed one, whoever still waits for it
)

// NewPhrases returns one whose embedders are made by open: an embedder that has a Close
// method is closed when it is needed no more.
func NewPhrases(open func(ctx context.Context, b *bundle.Bundle) (embedder.Embedder, error)) *Phrases {
	return &Phrases{
		open: open, room: make(chan struct{}, phrasesAtOnce), vectors: make(map[phrase][]float32), making: make(map[phrase]*making),
	}
}

// Embed implements [Words]. A text is embedded to its end though whoever asked has no more
// time, so that it is there when it is asked for again.
func (p *Phrases) Embed(ctx context.Context, live *Live, text string) ([]float32, error) {
	key := phrase{live.Bundle.Manifest.Embedder, text}
	p.mu.Lock()
	v, m := p.vectors[key], p.making[key]
	p.mu.Unlock()
	if v == nil && m == nil {
		select {
		case p.room <- struct{}{}:
			v, m = p.begin(ctx, live.Bundle, key)
		case <-ctx.Done():
			return nil, fmt.Errorf("other texts are being embedded: %w: %w", ctx.Err(), catalog.ErrUnavailable)
		}
	}
	if v != nil {
		return v, nil
	}
	select {
	case <-m.done:
		return m.v, m.err
	case <-ctx.Done():
		return nil, fmt.Errorf("the text is being embedded: %w: %w", ctx.Err(), catalog.ErrUnavailable)
	}
}

// begin begins to embed a text, unless somebody else has since. The caller's place in the
// room is given up when it is not needed any more.
func (p *Phrases) begin(ctx context.Context, b *bundle.Bundle, key phrase) ([]float32, *making) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, m := p.vectors[key], p.making[key]; v != nil || m != nil {
		<-p.room
		return v, m
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	m := &making{done: make(chan struct{}), stop: stop}
	p.making[key] = m
	p.working.Go(func() {
		defer stop()
		m.v, m.err = p.embed(ctx, b, key.text)
		p.keep(key, m)
		<-p.room
	})
	return nil, m
}

// embed returns the vector of a text. An embedder that breaks must not take the server with
// it.
func (p *Phrases) embed(ctx context.Context, b *bundle.Bundle, text string) (v []float32, err error) {
	defer func() {
		if x := recover(); x != nil {
			v, err = nil, fmt.Errorf("embedding a text broke: %v: %w", x, catalog.ErrUnavailable)
		}
	}()
	s := p.take(ctx, b)
	defer p.give(s)
	<-s.opened
	if s.err != nil {
		p.drop(s)
		return nil, s.err
	}
	ctx, cancel := context.WithTimeout(ctx, phraseWait)
	defer cancel()
	v = make([]float32, s.id.Dims)
	if err := s.embedder.Embed(ctx, []string{text}, v); err != nil {
		return nil, unavailable(err)
	}
	return v, nil
}

// opened returns the embedder of b's space.
func (p *Phrases) opened(ctx context.Context, b *bundle.Bundle) (embedder.Embedder, error) {
	e, err := p.open(ctx, b)
	if err == nil {
		err = embedder.CheckSpace(e.ID(), b.Manifest.Embedder)
	}
	if err != nil {
		return nil, fmt.Errorf("embedder of bundle %s: %w", b.Manifest.ID, unavailable(err))
	}
	return e, nil
}

// unavailable returns err as one that is no fault of who asked, whatever it says of itself.
func unavailable(err error) error { return fmt.Errorf("%s: %w", err.Error(), catalog.ErrUnavailable) }

// take returns the embedder of b's space for use, which may still be opened: even if the
// first who asked goes away, others wait for it too.
func (p *Phrases) take(ctx context.Context, b *bundle.Bundle) *phraseSpace {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id := b.Manifest.Embedder; p.space == nil || p.space.id != id {
		p.retire()
		s := &phraseSpace{id: id, opened: make(chan struct{}), uses: 1} // the opening is a use
		p.space = s
		p.working.Go(func() {
			defer p.give(s)
			s.fill(func() (embedder.Embedder, error) { return p.opened(context.WithoutCancel(ctx), b) })
		})
	}
	p.space.uses++
	return p.space
}

// fill opens s. An embedder that breaks must not take the server with it.
func (s *phraseSpace) fill(open func() (embedder.Embedder, error)) {
	defer close(s.opened)
	defer func() {
		if v := recover(); v != nil {
			s.err = fmt.Errorf("opening the embedder broke: %v: %w", v, catalog.ErrUnavailable)
		}
	}()
	s.embedder, s.err = open()
}

// retire puts the embedder in use aside. The caller holds the lock.
func (p *Phrases) retire() {
	if s := p.space; s != nil {
		s.old = true
		p.space = nil
		if s.uses == 0 {
			s.close()
		}
	}
}

// give ends a use.
func (p *Phrases) give(s *phraseSpace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.uses--; s.uses == 0 && s.old {
		s.close()
	}
}

// drop lets an embedder that cannot be opened be tried again.
func (p *Phrases) drop(s *phraseSpace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.space == s {
		p.retire()
	}
}

// keep ends m: it remembers its vector, if there is one, and forgets any other if there are
// too many.
func (p *Phrases) keep(key phrase, m *making) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.making, key)
	close(m.done)
	if m.err != nil {
		return
	}
	if len(p.vectors) >= phrasesMost {
		for other := range p.vectors {
			delete(p.vectors, other)
			break
		}
	}
	p.vectors[key] = m.v
}

// Close gives up the embedder, once it is opened, and texts that are being embedded.
// Nothing may be embedded any more.
func (p *Phrases) Close() {
	p.mu.Lock()
	p.retire()
	clear(p.vectors)
	for _, m := range p.making {
		m.stop()
	}
	p.mu.Unlock()
	p.working.Wait()
}

// close closes an embedder that can be.
func (s *phraseSpace) close() {
	if c, ok := s.embedder.(io.Closer); ok {
		c.Close() // it was only read
	}
}
