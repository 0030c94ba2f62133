package simulate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/txdb"
	"marquee/tests/faults/wire"
)

// group is the consumer group of all processes.
const group = "marquee"

// A Topic says what to read.
type Topic struct {
	Name, Group string
	Seeds       []string // addresses of brokers
}

// A Source is what is under test.
type Source interface {
	stream.Source
	stream.Acknowledger
	Close() error
}

// An Open makes a source of a topic.
type Open func(ctx context.Context, topic Topic, held stream.Offsets, cfg stream.Config, opts ...kgo.Opt) (Source, error)

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
	plan      Plan
	topic     string
	backend   Backend
	open      Open
	committed bool // offsets are those of the consumer group: a mutant

	net     *wire.Network
	cluster *kfake.Cluster
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
	Topic     string
	FirstUser int
	Backend   func() Backend // called within the virtual time of the simulation
	Open      Open
	Committed bool // begin where the consumer group stands: a mutant

	// Check, if not nil, is called at the end within the virtual time.
	Check func(ctx context.Context, out *Outcome, backend Backend)
}

// Run plays a plan in virtual time.
func (p Plan) Run(t *testing.T, play Play) Outcome {
	var out Outcome
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			plan: p, topic: play.Topic, open: play.Open, committed: play.Committed, backend: play.Backend(),
			net: wire.New(), names: make(map[string]string),
		}
		if err := w.play(t.Context(), play.FirstUser); err != nil {
			t.Errorf("%v: %v", p, err)
		}
		out = w.outcome()
		if play.Check != nil {
			play.Check(t.Context(), &out, w.backend)
		}
	})
	return out
}

func (w *world) play(ctx context.Context, firstUser int) error {
	var ports []int
	for i := range w.plan.Brokers {
		ports = append(ports, i+1)
	}
	var err error
	w.cluster, err = kfake.NewCluster(kfake.Ports(ports...), kfake.ListenFn(w.net.Listen), kfake.SeedTopics(int32(w.plan.Partitions), w.topic))
	if err != nil {
		return err
	}
	defer w.cluster.Close()
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	for i := range w.plan.Lives {
		p := &process{world: w, number: i}
		w.people = append(w.people, p)
		group.Go(func() { p.run(ctx) })
	}
	for _, tr := range w.plan.Troubles {
		group.Go(func() { w.trouble(ctx, tr) })
	}
	err = w.produce(ctx, firstUser)
	if err == nil {
		w.out.Finished = w.wait(ctx)
	}
	cancel()
	group.Wait()
	return err
}

// seeds returns the addresses of all brokers.
func (w *world) seeds() []string {
	var seeds []string
	for i := range w.plan.Brokers {
		seeds = append(seeds, "127.0.0.1:"+strconv.Itoa(i+1))
	}
	return seeds
}

// produce writes the lines into the topic, each person's to any partition, so
// that the order among partitions is not theirs.
func (w *world) produce(ctx context.Context, firstUser int) error {
	opts := append(clientOptions(), kgo.SeedBrokers(w.seeds()...), kgo.Dialer(w.net.Sturdy().DialContext),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer cl.Close()
	cfg := ledger.DefaultConfig()
	cfg.FirstUser = firstUser
	lines := ledger.New(w.plan.Seed, cfg).Lines(w.plan.Lines)
	rng := rand.New(rand.NewPCG(w.plan.Seed, 0x70726f64))
	w.out.Book = new(ledger.Book)
	ends := make([]int64, w.plan.Partitions)
	parts := len(w.plan.Bursts) + 1
	for i := range parts {
		var records []*kgo.Record
		for _, l := range lines[len(lines)*i/parts : len(lines)*(i+1)/parts] {
			n := rng.IntN(w.plan.Partitions)
			w.out.Book.Put(w.part(n), ends[n], ends[n]+1, l)
			ends[n]++
			records = append(records, &kgo.Record{Topic: w.topic, Partition: int32(n), Value: []byte(l.Text)})
		}
		if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return fmt.Errorf("produce: %w", err)
		}
		if i < len(w.plan.Bursts) {
			if err := sleep(ctx, w.plan.Bursts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// part names a partition in the book: books of several topics can be merged.
func (w *world) part(n int) string { return w.topic + "/" + strconv.Itoa(n) }

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
	names := make(map[string]string, len(w.names))
	for name, part := range w.names {
		names[name] = part
	}
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
	w.names[partition] = w.topic + "/" + partOf(partition)
}

func (w *world) claim(b catalog.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spans = append(w.spans, ledger.Span{Part: w.topic + "/" + partOf(b.Partition), From: b.From, To: b.To})
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
	if out.Book != nil {
		out.Findings = append(out.Findings, out.Book.Cover(w.spans, false)...)
	}
	return out
}
