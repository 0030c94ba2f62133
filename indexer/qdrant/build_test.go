package qdrant_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/indexer/indexertest"
	"marquee/indexer/qdrant"
	"marquee/indexer/qdrant/qdranttest"
)

func TestBuildMeasures(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	c := mustDial(t, quick(fake.Addr))
	vecs := clustered(3, 700)
	clear(row(vecs, 5))
	cal := indexer.Calibration{HeldOut: 40, K: 20, Floor: qdrant.Floor, Profiles: indexertest.Profiles(3, vecs, dims, 30), Seed: 1}
	fake.Blur(256)
	last := 0
	ix, m, err := c.Build(t.Context(), qdrant.Source{Name: "measured", Vectors: vecs, Dims: dims}, cal, func(done, total int) {
		if done <= last || total != 699 {
			t.Errorf("progress goes from %d to %d of %d, want up to 699", last, done, total)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	want := indexer.Measured{Backend: "qdrant", K: 20, Movies: 1, MovieQueries: 40, Profiles: 1, ProfileQueries: 30, Floor: qdrant.Floor, Effort: 256}
	if m != want || ix.Config().Ef != 256 || last != 699 || ix.Len() != 700 {
		t.Errorf("measured %+v, ef %d, %d points in, %d rows, want %+v", m, ix.Config().Ef, last, ix.Len(), want)
	}
	if err := indexer.CheckFloor(m, qdrant.Floor); err != nil {
		t.Error(err)
	}

	fake.Blur(5000) // more than any effort
	_, m, err = c.Build(t.Context(), qdrant.Source{Name: "blurred", Vectors: vecs, Dims: dims}, cal, nil)
	if err != nil || m.Effort != 1024 {
		t.Errorf("blurred: effort %d, error %v, want 1024", m.Effort, err)
	}
	if err := indexer.CheckFloor(m, qdrant.Floor); !errors.Is(err, indexer.ErrRecall) {
		t.Errorf("blurred: %v, want %v", err, indexer.ErrRecall)
	}
}

func TestBuildWaitsForTheOptimizer(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	fake.Lag(7)
	cfg := quick(fake.Addr)
	mustBuild(t, mustDial(t, cfg), clustered(1, 50), dims)
	if looks := fake.Calls("Collections/Get"); looks < 10 {
		t.Errorf("%d looks at the collection, want one too early, 7 while it was yellow and 2 green ones", looks)
	}
	fake.Lag(1 << 30)
	cfg.WaitTimeout = 10 * time.Millisecond
	_, _, err := mustDial(t, cfg).Build(t.Context(), qdrant.Source{Name: "yellow", Vectors: clustered(1, 50), Dims: dims}, unmeasured(), nil)
	if !errors.Is(err, catalog.ErrUnavailable) || !strings.Contains(err.Error(), "optimizer") {
		t.Errorf("an optimizer without end gives %v, want %v", err, catalog.ErrUnavailable)
	}
	if n := len(fake.Collections()); n != 1 {
		t.Errorf("%d collections, want the first alone", n)
	}
}

// What goes wrong with an upload and passes is done again, so many times and no more.
func TestUploadTriesAgain(t *testing.T) {
	src := qdrant.Source{Name: "again", Vectors: clustered(2, 300), Dims: dims}
	tests := []struct {
		name  string
		fault qdranttest.Fault
		calls int // of Upsert, 3 batches
		want  error
	}{
		{"goes well", qdranttest.Fault{}, 3, nil},
		{"unavailable twice", qdranttest.Fault{Times: 2, Code: codes.Unavailable}, 5, nil},
		{"deadline, the second batch", qdranttest.Fault{Skip: 1, Times: 1, Code: codes.DeadlineExceeded}, 4, nil},
		{"exhausted", qdranttest.Fault{Times: 1, Code: codes.ResourceExhausted}, 4, nil},
		{"aborted", qdranttest.Fault{Times: 1, Code: codes.Aborted}, 4, nil},
		{"half a batch", qdranttest.Fault{Times: 1, Code: codes.Unavailable, Half: true}, 4, nil},
		{"a lost answer", qdranttest.Fault{Times: 1, Code: codes.Unavailable, Apply: true}, 4, nil},
		{"not applied yet", qdranttest.Fault{Times: 1, Late: true}, 4, nil},
		{"all of the time", qdranttest.Fault{Times: -1, Code: codes.Unavailable}, 5, catalog.ErrUnavailable},
		{"the last batch", qdranttest.Fault{Skip: 2, Times: -1, Code: codes.Unavailable}, 7, catalog.ErrUnavailable},
		{"never applied", qdranttest.Fault{Times: -1, Late: true}, 5, catalog.ErrUnavailable},
		{"asked to wait for long", qdranttest.Fault{Times: -1, Code: codes.ResourceExhausted, Retry: "3600"}, 1, catalog.ErrUnavailable},
		{"asked to wait for no time", qdranttest.Fault{Times: 2, Code: codes.ResourceExhausted, Retry: "0"}, 5, nil},
		{"refused", qdranttest.Fault{Times: -1, Code: codes.InvalidArgument}, 1, catalog.ErrInvalid},
		{"internal", qdranttest.Fault{Times: -1, Code: codes.Internal}, 1, catalog.ErrUnavailable},
		{"the disk", qdranttest.Fault{Times: -1, Code: codes.DataLoss}, 1, catalog.ErrDamaged},
		{"lost half", qdranttest.Fault{Times: 1, Half: true}, 3, catalog.ErrDamaged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := qdranttest.Start(t, qdranttest.Options{})
			cfg := quick(fake.Addr)
			cfg.Batch = 128
			tt.fault.Method = "Points/Upsert"
			fake.Inject(tt.fault)
			ix, _, err := mustDial(t, cfg).Build(t.Context(), src, unmeasured(), nil)
			if !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if calls := fake.Calls("Points/Upsert"); calls != tt.calls {
				t.Errorf("%d calls, want %d", calls, tt.calls)
			}
			if tt.want != nil {
				if n := len(fake.Collections()); n != 0 {
					t.Errorf("%d collections stay", n)
				}
				return
			}
			if n := fake.Collections()[ix.Collection()]; n != 300 {
				t.Errorf("%d points, want 300", n)
			}
		})
	}
}

// Each call of a build fails once, in turn, and it goes well; or for good, and nothing
// is left.
func TestBuildWithAFaultAtEveryCall(t *testing.T) {
	payloads := make([]qdrant.Payload, 60)
	src := qdrant.Source{Name: "fault", Vectors: clustered(4, 60), Dims: dims, Payloads: payloads}
	cal := indexer.Calibration{HeldOut: 5, K: 5, Floor: 0.9, Seed: 1}
	for skip := 0; ; skip++ {
		fake := qdranttest.Start(t, qdranttest.Options{})
		c := mustDial(t, quick(fake.Addr))
		fake.Inject(qdranttest.Fault{Skip: skip, Times: 1, Code: codes.Unavailable, Apply: skip%2 == 0})
		ix, _, err := c.Build(t.Context(), src, cal, nil)
		if err != nil {
			t.Fatalf("one fault after %d calls: %v", skip, err)
		}
		if err := ix.Publish(t.Context()); err != nil {
			t.Fatalf("one fault after %d calls: %v", skip, err)
		}
		fake.Heal()
		calls := 0
		for _, method := range methods {
			calls += fake.Calls(method)
		}

		fake = qdranttest.Start(t, qdranttest.Options{})
		c = mustDial(t, quick(fake.Addr))
		fake.Inject(qdranttest.Fault{Method: methods[skip%len(methods)], Skip: skip / len(methods), Times: -1, Code: codes.Unavailable})
		if _, _, err = c.Build(t.Context(), src, cal, nil); err != nil && !errors.Is(err, catalog.ErrUnavailable) {
			t.Fatalf("%s fails for good: %v", methods[skip%len(methods)], err)
		}
		if left := fake.Collections(); err != nil && methods[skip%len(methods)] != "Collections/Delete" && len(left) != 0 {
			t.Fatalf("%s fails for good: collections %v stay", methods[skip%len(methods)], left)
		}
		if skip > calls || skip > 40 {
			break
		}
	}
}

var methods = []string{
	"Qdrant/HealthCheck", "Collections/CollectionExists", "Collections/ListAliases", "Collections/List", "Collections/Create",
	"Points/CreateFieldIndex", "Points/Upsert", "Collections/Get", "Points/Query", "Points/Count", "Points/Get",
	"Collections/UpdateAliases", "Collections/Delete",
}

func TestPublish(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		cfg := p.cfg
		cfg.Keep = 2
		c := mustDial(t, cfg)
		if live, err := c.Live(t.Context()); !errors.Is(err, catalog.ErrNotFound) {
			t.Fatalf("before any publication %q is live, error %v, want %v", live, err, catalog.ErrNotFound)
		}
		vecs := clustered(5, 80)
		var names []string
		var first *qdrant.Index
		for i := range 5 {
			ix := mustBuild(t, c, vecs, dims)
			if live, _ := c.Live(t.Context()); i > 0 && live != names[i-1] {
				t.Fatalf("build %d: %q is live before its publication, want %q", i, live, names[i-1])
			}
			if err := ix.Publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			names = append(names, ix.Collection())
			if live, err := c.Live(t.Context()); err != nil || live != ix.Collection() {
				t.Fatalf("%q is live, error %v, want %q", live, err, ix.Collection())
			}
			if i == 2 {
				first = ix
			}
		}
		all, err := c.Collections(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range all {
			if !x.Ready || x.Live != (x.Name == names[4]) {
				t.Errorf("collection %+v", x)
			}
			got = append(got, x.Name)
		}
		if want := []string{names[4], names[3], names[2]}; !slices.Equal(got, want) {
			t.Errorf("collections %v, want the live one and 2 older: %v", got, want)
		}
		if err := first.Publish(t.Context()); err != nil { // back to an older one
			t.Fatal(err)
		}
		if all, _ := c.Collections(t.Context()); len(all) != 3 || !all[2].Live {
			t.Errorf("after a way back: %+v, want the newer ones to stay", all)
		}
		if err := c.Remove(t.Context(), names[2]); !errors.Is(err, catalog.ErrConflict) {
			t.Errorf("removing the live collection gives %v, want %v", err, catalog.ErrConflict)
		}
		if err := errors.Join(c.Remove(t.Context(), names[4]), c.Remove(t.Context(), names[4])); err != nil {
			t.Errorf("removing another twice: %v", err)
		}
		if err := c.Remove(t.Context(), "somebody-elses"); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("removing what is not ours gives %v, want %v", err, catalog.ErrInvalid)
		}
	})
}

// A publication that fails, and a build that fails its checks, leave the old one live.
func TestTheOldOneStaysLive(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	c := mustDial(t, quick(fake.Addr))
	vecs := clustered(6, 90)
	old := mustBuild(t, c, vecs, dims)
	if err := old.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	stays := func(after string) {
		t.Helper()
		fake.Heal()
		if live, err := c.Live(t.Context()); err != nil || live != old.Collection() {
			t.Errorf("%s: %q is live, error %v, want %q", after, live, err, old.Collection())
		}
		if hits, err := old.Search(t.Context(), row(vecs, 1), 3, nil); err != nil || len(hits) != 3 {
			t.Errorf("%s: search gives %v, %v", after, hits, err)
		}
	}
	fake.Inject(qdranttest.Fault{Method: "Points/Upsert", Times: 1, Half: true})
	if _, _, err := c.Build(t.Context(), qdrant.Source{Name: "torn", Vectors: vecs, Dims: dims}, unmeasured(), nil); !errors.Is(err, catalog.ErrDamaged) {
		t.Errorf("a build that lost points gives %v, want %v", err, catalog.ErrDamaged)
	}
	stays("a torn build")

	next := mustBuild(t, c, vecs, dims)
	fake.Inject(qdranttest.Fault{Method: "Collections/UpdateAliases", Times: -1, Code: codes.Unavailable})
	if err := next.Publish(t.Context()); !errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("publication gives %v, want %v", err, catalog.ErrUnavailable)
	}
	stays("a publication that failed")
	if err := c.Remove(t.Context(), next.Collection()); err != nil {
		t.Fatal(err)
	}
	if err := next.Publish(t.Context()); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("publishing what is gone gives %v, want %v", err, catalog.ErrNotFound)
	}
	stays("a collection that was removed")
}

// Whoever asks through the alias while it is swapped finds the one or the other.
func TestTheAliasIsSwappedWhole(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		c := mustDial(t, p.cfg)
		a, b := mustBuild(t, c, clustered(7, 60), dims), mustBuild(t, c, clustered(8, 70), dims)
		if err := a.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		seen := make(chan map[uint64]int)
		go func() { seen <- ask(ctx, t, p.cfg) }()
		for range 10 {
			if err := errors.Join(b.Publish(t.Context()), a.Publish(t.Context())); err != nil {
				t.Error(err)
			}
		}
		stop()
		counts := <-seen
		if keys := slices.Sorted(maps.Keys(counts)); len(keys) == 0 || slices.ContainsFunc(keys, func(n uint64) bool { return n != 60 && n != 70 }) {
			t.Errorf("through the alias collections of %v points were seen, want none but of 60 and 70", counts)
		}
	})
}

// A killed build leaves a collection without a mark; a later build sweeps it once it is
// old enough, and nothing else.
func TestSweep(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	cfg := quick(fake.Addr)
	c := mustDial(t, cfg)
	vecs := clustered(9, 40)
	src := qdrant.Source{Name: "swept", Vectors: vecs, Dims: dims}
	unpublished := mustBuild(t, c, vecs, dims)
	cfg.Alias = "other"
	mustBuild(t, mustDial(t, cfg), vecs, dims)
	cfg.Alias = "marquee"

	fake.Inject(qdranttest.Fault{Method: "Points/Upsert", Times: -1, Code: codes.Internal})
	fake.Inject(qdranttest.Fault{Method: "Collections/Delete", Times: -1, Code: codes.Internal})
	if _, _, err := c.Build(t.Context(), src, unmeasured(), nil); err == nil || !strings.Contains(err.Error(), "until it is swept") {
		t.Errorf("a build that cannot be undone gives %v", err)
	}
	fake.Heal()
	if n := len(fake.Collections()); n != 3 {
		t.Fatalf("%d collections, want one more than the 2 complete ones", n)
	}
	mustBuild(t, c, vecs, dims)
	if n := len(fake.Collections()); n != 4 {
		t.Errorf("%d collections after the next build, want 4: what is left may be under way", n)
	}
	cfg.Abandoned = time.Nanosecond
	time.Sleep(2 * time.Millisecond) // names tell milliseconds apart
	ix := mustBuild(t, mustDial(t, cfg), vecs, dims)
	left := fake.Collections()
	if _, ok := left[unpublished.Collection()]; len(left) != 4 || !ok || left[ix.Collection()] != 40 {
		t.Errorf("collections %v, want the complete ones", left)
	}
}

func TestBuildCancelled(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	cfg := quick(fake.Addr)
	cfg.Batch = 10
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _, err := mustDial(t, cfg).Build(ctx, qdrant.Source{Name: "cancelled", Vectors: clustered(1, 100), Dims: dims}, unmeasured(), func(done, _ int) {
		if done >= 30 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if left := fake.Collections(); len(left) != 0 {
		t.Errorf("collections %v stay", left)
	}
}

// A batch is bounded in bytes as well as in points.
func TestBatchesFitTheMessage(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{MaxMessage: 72 << 10})
	cfg := quick(fake.Addr)
	cfg.BatchBytes = 64 << 10
	c := mustDial(t, cfg)
	vecs := indexertest.Clustered(2, 300, 384)
	ix := mustBuild(t, c, vecs, 384)
	if n := fake.Collections()[ix.Collection()]; n != 300 {
		t.Errorf("%d points, want 300", n)
	}
	all := make([]uint32, 300)
	for i := range all {
		all[i] = uint32(i)
	}
	if lists, err := ix.Neighbours(t.Context(), all, 3, all[:200]); err != nil || len(lists) != 300 {
		t.Errorf("%d lists, error %v", len(lists), err)
	}
}

func TestBadSources(t *testing.T) {
	fake := qdranttest.Start(t, qdranttest.Options{})
	c := mustDial(t, quick(fake.Addr))
	vecs := clustered(1, 10)
	long := make([]float32, 1<<16+1)
	tests := []struct {
		name string
		src  qdrant.Source
		want error
	}{
		{"no name", qdrant.Source{Vectors: vecs, Dims: dims}, catalog.ErrInvalid},
		{"a path", qdrant.Source{Name: "../x", Vectors: vecs, Dims: dims}, catalog.ErrInvalid},
		{"no dims", qdrant.Source{Name: "x", Vectors: vecs}, indexer.ErrDims},
		{"half a row", qdrant.Source{Name: "x", Vectors: vecs[:40], Dims: dims}, indexer.ErrDims},
		{"too long", qdrant.Source{Name: "x", Vectors: long, Dims: len(long)}, indexer.ErrDims},
		{"not of unit length", qdrant.Source{Name: "x", Vectors: []float32{3, 4}, Dims: 2}, indexer.ErrRow},
		{"payloads", qdrant.Source{Name: "x", Vectors: vecs, Dims: dims, Payloads: make([]qdrant.Payload, 9)}, catalog.ErrInvalid},
	}
	for _, tt := range tests {
		if _, _, err := c.Build(t.Context(), tt.src, unmeasured(), nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, _, err := c.Build(t.Context(), qdrant.Source{Name: "x", Vectors: vecs, Dims: dims}, indexer.Calibration{}, nil); !errors.Is(err, indexer.ErrCount) {
		t.Errorf("no calibration: %v, want %v", err, indexer.ErrCount)
	}
	if calls := fake.Calls("Collections/Create"); calls != 0 {
		t.Errorf("%d collections were created", calls)
	}
}

// An optimizer that sleeps, as after a restart of the server, is woken; one that goes on
// sleeping keeps no build waiting.
func TestBuildWakesTheOptimizer(t *testing.T) {
	for calls, woken := range map[int]int{2: 2, 1 << 30: 5} {
		fake := qdranttest.Start(t, qdranttest.Options{})
		fake.Sleep(calls)
		mustBuild(t, mustDial(t, quick(fake.Addr)), clustered(1, 50), dims)
		if n := fake.Calls("Collections/Update"); n != woken {
			t.Errorf("asleep for %d calls: woken %d times, want %d", calls, n, woken)
		}
	}
}
