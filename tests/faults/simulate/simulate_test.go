package simulate

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"

	"marquee/catalog/sqlstore"
	"marquee/tests/faults/ledger"
)

// seeds returns which seeds to play: MARQUEE_SEED alone, the first
// MARQUEE_SEEDS, or the first few, with -short a quarter of them.
func seeds(t *testing.T, few uint64) (from, to uint64) {
	number := func(name string) (n uint64, set bool) {
		text := os.Getenv(name)
		if text == "" {
			return 0, false
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s is %q, want a number", name, text)
		}
		return n, true
	}
	if n, set := number("MARQUEE_SEED"); set {
		return n, n + 1
	}
	if n, set := number("MARQUEE_SEEDS"); set {
		return 0, n * few / 120
	}
	if testing.Short() {
		few /= 4
	}
	return 0, few
}

// verdict fails the test unless all events were found once and no reader ended
// that was not struck.
func verdict(t *testing.T, p Plan, out Outcome) {
	t.Helper()
	if len(out.Findings) > 0 || !out.Finished || len(out.Errors) > 0 {
		t.Errorf("read to the end: %v; %v\n%v\nended by themselves: %v\nagain: MARQUEE_SEED=%d go test -count=20 -run '^%s$' ./tests/faults/simulate",
			out.Finished, out.Findings, p, out.Errors, p.Seed, rootName(t))
	}
}

func rootName(t *testing.T) string {
	name := t.Name()
	for i := range name {
		if name[i] == '/' {
			return name[:i]
		}
	}
	return name
}

// playAll plays seeds on all processors at once.
func playAll(t *testing.T, source Kind, few uint64) {
	from, to := seeds(t, few)
	next := new(atomic.Uint64)
	next.Store(from)
	for i := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprintf("worker=%d", i), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1) - 1; seed < to; seed = next.Add(1) - 1 {
				p := Draw(seed)
				verdict(t, p, p.RunInMemory(t, source, nil))
			}
		})
	}
}

// No event is lost and none is applied twice, whatever happens to the readers
// of a topic, its brokers and the database.
func TestKafka(t *testing.T) { playAll(t, Kafka, 120) }

// The same of a followed file that is rotated.
func TestFile(t *testing.T) { playAll(t, File, 24) }

// The same of bodies that are posted until they are answered, to several
// processes at once.
func TestPost(t *testing.T) { playAll(t, Post, 24) }

// The same, on the real store: one SQLite file holds the events of many seeds,
// each of a topic and of people of its own, and is compared at the end.
func TestKafkaIntoSQLite(t *testing.T) {
	from, to := seeds(t, 12)
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "facts.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var all ledger.Book
	partitions := make(map[string]string)
	for seed := from; seed < to; seed++ {
		p := Draw(seed)
		out := p.Run(t, Play{
			Topic: fmt.Sprintf("movielog%d", seed), FirstUser: int(1 + seed*1000),
			Backend: func() Backend { return &SQL{SQLStore: store, Seed: seed} },
		})
		verdict(t, p, out)
		all.Merge(out.Book)
		for name, part := range out.Partitions {
			partitions[name] = part
		}
		if t.Failed() {
			break
		}
	}
	found, err := all.Compare(t.Context(), store, partitions)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("seeds %d to %d, each in its topic movielog<seed>: %v", from, to-1, found)
	}
}
