package simulate

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/txdb"
	"marquee/tests/faults/wire"
)

// A Source is what is under test.
type Source interface {
	stream.Source
	stream.Acknowledger
	Close() error
}

// A stage is what processes read and how it is written.
type stage interface {
	// open makes a source for one life of a process, as whom it is known.
	open(ctx context.Context, life string, link *wire.Link, held stream.Offsets, cfg stream.Config) (Source, error)

	// write writes all lines and puts them into the book. It returns when that
	// is done.
	write(ctx context.Context, w *world) error

	// part returns the part of the book that a stored partition is, or "".
	part(partition string) string

	// trouble makes one that is of this stage.
	trouble(ctx context.Context, t Trouble)

	// bury cleans up behind a life that ended.
	bury(ctx context.Context, life string)
}

// A Backend is the store of a simulation.
type Backend interface {
	ledger.Store
	Open(hook txdb.Hook) txdb.Store // as one life of a process sees it
}

// An Outcome is what a simulation showed.
type Outcome struct {
	Book       *ledger.Book
	Partitions map[string]string // of the store, to those of the book
	Findings   ledger.Findings   // of what the processes said; those of the store are left to the caller
	Finished   bool              // the store stood at the end of all partitions in time
	Errors     []error           // with which Run ended though nothing struck the process
	Claims     int               // batches told as applied
}

// world is a simulation while it is played.
type world struct {
	plan    Plan
	stage   stage
	backend Backend
	lying   func(link *wire.Link) stream.Offsets // a mutant's: what it trusts instead of the store

	net     *wire.Network
	away    atomic.Bool  // the database
	stalled atomic.Int32 // lives that stand still
	people  []*process

	mu    sync.Mutex
	names map[string]string
	spans []ledger.Span
	out   Outcome
}

// A Play says with what a plan is played.
type Play struct {
	Source    Kind
	Topic     string // names it in the store: no two simulations in one store share one
	FirstUser int    // nor people
	Folder    string // for files
	Backend   func() Backend
	Committed bool // begin where the consumer group stands: a mutant

	// Check, if not nil, is called at the end within the virtual time.
	Check func(ctx context.Context, out *Outcome, backend Backend)
}

// A Kind says what is read.
type Kind string

// The kinds.
const (
	Kafka Kind = "kafka"
	File  Kind = "file"
	Post  Kind = "post"
)

// Run plays a plan in virtual time.
func (p Plan) Run(t *testing.T, play Play) Outcome {
	var out Outcome
	synctest.Test(t, func(t *testing.T) {
		w := &world{plan: p, backend: play.Backend(), net: wire.New(), names: make(map[string]string)}
		w.out.Book = new(ledger.Book)
		if err := w.play(t.Context(), play); err != nil {
			t.Errorf("%v: %v", p, err)
		}
		out = w.outcome()
		if play.Check != nil {
			play.Check(t.Context(), &out, w.backend)
		}
	})
	return out
}

// play sets the stage and lets all act.
func (w *world) play(ctx context.Context, play Play) error {
	switch play.Source {
	case File:
		// Two that see a new file at the same time, while it grows, may know it
		// by different beginnings: a file has one reader.
		w.plan.Lives = w.plan.Lives[:1]
		w.stage = newFileStage(w.plan, play)
	case Post:
		w.stage = newPostStage(w.plan, play)
	default:
		k, err := newKafkaStage(w.plan, play, w.net)
		if err != nil {
			return err
		}
		defer k.cluster.Close()
		w.stage = k
		if play.Committed {
			w.lying = k.committed
		}
	}
	return w.act(ctx)
}

func (w *world) act(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i := range w.plan.Lives {
		p := &process{world: w, number: i}
		w.people = append(w.people, p)
		all.Go(func() { p.run(ctx) })
	}
	for _, t := range w.plan.Troubles {
		all.Go(func() { w.trouble(ctx, t) })
	}
	err := w.stage.write(ctx, w)
	if err == nil {
		w.out.Finished = w.wait(ctx)
	}
	cancel()
	all.Wait()
	return err
}

// trouble waits until a trouble comes, and makes it.
func (w *world) trouble(ctx context.Context, t Trouble) {
	if sleep(ctx, t.At) != nil {
		return
	}
	switch t.Act {
	case DatabaseAway:
		w.away.Store(true)
		_ = sleep(ctx, t.For)
		w.away.Store(false)
	case Restart:
		w.people[t.Which%len(w.people)].stop()
	default:
		w.stage.trouble(ctx, t)
	}
}

// patience is how long after the last trouble may begin all must be read.
const patience = 15 * time.Minute

// quiet is how long readers go on after all was read and the last one that
// stood still went on, so that it has time to do harm.
const quiet = 10 * time.Second

// wait waits until the store stands at the end of all partitions.
func (w *world) wait(ctx context.Context) bool {
	finished := false
	for range patience / time.Second {
		if finished = w.atEnd(ctx); finished {
			break
		}
		_ = sleep(ctx, time.Second)
	}
	for w.stalled.Load() > 0 {
		_ = sleep(ctx, time.Second)
	}
	_ = sleep(ctx, quiet)
	return finished
}

func (w *world) atEnd(ctx context.Context) bool {
	w.mu.Lock()
	names := maps.Clone(w.names)
	w.mu.Unlock()
	held := make(map[string]int64)
	for name, part := range names {
		offset, err := w.backend.Offset(ctx, name)
		if err != nil {
			return false
		}
		held[part] = offset
	}
	for _, part := range w.out.Book.Parts() {
		if held[part] < w.out.Book.End(part) {
			return false
		}
	}
	return true
}

func (w *world) name(partition string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names[partition] = w.stage.part(partition)
}

// began reports whether the store holds anything.
func (w *world) began(ctx context.Context) bool {
	w.mu.Lock()
	names := maps.Clone(w.names)
	w.mu.Unlock()
	for name := range names {
		if held, err := w.backend.Offset(ctx, name); err == nil && held > 0 {
			return true
		}
	}
	return false
}

func (w *world) claim(b catalog.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, ledger.Span{Part: w.stage.part(b.Partition), From: b.From, To: b.To})
}

func (w *world) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Errors = append(w.out.Errors, err)
}

func (w *world) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out.Findings = append(w.out.Findings, ledger.Finding{Fault: ledger.Phantom, What: fmt.Sprintf(format, args...)})
}

func (w *world) outcome() Outcome {
	out := w.out
	out.Partitions = w.names
	out.Claims = len(w.spans)
	out.Findings = append(out.Findings, out.Book.Cover(w.spans, false)...)
	return out
}
