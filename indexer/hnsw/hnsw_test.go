package hnsw_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
)

const dims = 32

// narrow is a graph that walks, not scans, where the worlds of the kit are small.
func narrow() hnsw.Config { return hnsw.Config{M: 12, EfConstruction: 60, Ef: 24, Seed: 3} }

func mustNew(t testing.TB, vecs []float32, dims int, cfg hnsw.Config) *hnsw.Index {
	t.Helper()
	ix, err := hnsw.New(t.Context(), vecs, dims, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func encoded(t testing.TB, ix *hnsw.Index) []byte {
	t.Helper()
	var buf bytes.Buffer
	n, err := ix.WriteTo(&buf)
	if err != nil || n != int64(buf.Len()) {
		t.Fatalf("WriteTo gives %d bytes, says %d, error %v", buf.Len(), n, err)
	}
	return buf.Bytes()
}

// share is the recall of ix at k by a scan that the kit's own is the judge of.
func share(t testing.TB, ix indexer.Index, vecs, queries []float32, k int) float64 {
	t.Helper()
	found, wanted := 0, 0
	for q := range slices.Chunk(queries, ix.Dims()) {
		hits, err := ix.Search(t.Context(), q, k, nil)
		if err != nil {
			t.Fatal(err)
		}
		var truth []indexer.Hit
		for v := range slices.Chunk(vecs, ix.Dims()) {
			h := indexer.Hit{Row: uint32(len(truth))}
			for i := range q {
				h.Score += q[i] * v[i]
			}
			truth = append(truth, h)
		}
		slices.SortFunc(truth, func(a, b indexer.Hit) int { return int(math.Copysign(1, float64(b.Score-a.Score))) })
		found += indexer.Found(hits, truth[:k])
		wanted += k
	}
	return float64(found) / float64(wanted)
}

func TestIndex(t *testing.T) {
	configs := map[string]hnsw.Config{"default": hnsw.DefaultConfig(), "narrow": narrow()}
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			indexertest.TestIndex(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
				return mustNew(t, vecs, dims, cfg)
			}, map[string]float64{"default": 0.99, "narrow": 0.75}[name])
		})
	}
}

// An index that was built with calibration and read back is held to the same.
func TestIndexBuiltAndReadBack(t *testing.T) {
	build := func(t *testing.T, vecs []float32, dims int) indexer.Index {
		cal := indexer.DefaultCalibration()
		cal.K = 25 // as the kit asks
		cal.Profiles = indexertest.Profiles(5, vecs, dims, 50)
		built, _, err := hnsw.Build(t.Context(), vecs, dims, narrow(), cal, nil)
		if err != nil {
			t.Fatal(err)
		}
		ix, err := hnsw.Read(bytes.NewReader(encoded(t, built)), vecs, dims)
		if err != nil {
			t.Fatal(err)
		}
		return ix
	}
	for _, c := range indexertest.Checks() {
		t.Run(c.Name, func(t *testing.T) {
			// The kit's strangest queries come from another world than it was calibrated in.
			if err := c.Run(t, build, 0.9); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSameBytesAtAnyNumberOfProcessors(t *testing.T) {
	vecs := indexertest.Clustered(8, 1500, dims)
	given := slices.Clone(vecs)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	cal := indexer.DefaultCalibration()
	cal.Profiles = indexertest.Profiles(8, vecs, dims, 40)
	var plain, measured []byte
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		ix := mustNew(t, vecs, dims, narrow())
		built, _, err := hnsw.Build(t.Context(), vecs, dims, narrow(), cal, nil)
		if err != nil {
			t.Fatal(err)
		}
		if procs == 1 {
			plain, measured = encoded(t, ix), encoded(t, built)
			continue
		}
		if !bytes.Equal(encoded(t, ix), plain) {
			t.Errorf("New gives other bytes on %d processors than on 1", procs)
		}
		if !bytes.Equal(encoded(t, built), measured) {
			t.Errorf("Build gives other bytes on %d processors than on 1", procs)
		}
	}
	other := narrow()
	other.Seed++
	if bytes.Equal(encoded(t, mustNew(t, vecs, dims, other)), plain) {
		t.Error("another seed gives the same graph")
	}
	if !slices.Equal(vecs, given) {
		t.Error("a build changed the vectors")
	}
}

func TestRecallOfAFewThousand(t *testing.T) {
	const n, dims, asked = 5000, 64, 40
	all := indexertest.Clustered(21, n+asked, dims)
	vecs, movies := all[:n*dims], all[n*dims:]
	cal := indexer.DefaultCalibration()
	cal.HeldOut = 200
	cal.Profiles = indexertest.Profiles(22, vecs, dims, 200)
	ix, m, err := hnsw.Build(t.Context(), vecs, dims, hnsw.DefaultConfig(), cal, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := indexer.CheckFloor(m, 0.98); err != nil {
		t.Error(err)
	}
	if m.Backend != "hnsw" || m.K != 20 || m.MovieQueries != 200 || m.ProfileQueries != 200 || m.Floor != 0.98 {
		t.Errorf("measured %+v, want 200 queries of each kind at 20, floor 0.98", m)
	}
	if m.Effort != ix.Config().Ef || m.Effort > 256 {
		t.Errorf("effort %d, Ef %d, want the same and at most 256", m.Effort, ix.Config().Ef)
	}
	if got := share(t, ix, vecs, movies, 20); got < 0.97 {
		t.Errorf("recall on other movies is %.4f, measured %.4f", got, m.Movies)
	}
	if got := share(t, ix, vecs, indexertest.Profiles(23, vecs, dims, asked), 20); got < 0.965 {
		t.Errorf("recall on other profiles is %.4f, measured %.4f", got, m.Profiles)
	}
}

// A lower floor is reached by a narrower search.
func TestFloorDecidesEf(t *testing.T) {
	vecs := indexertest.Clustered(31, 3000, dims)
	ef := func(floor float64) int {
		cal := indexer.Calibration{HeldOut: 100, K: 20, Floor: floor, Profiles: indexertest.Profiles(31, vecs, dims, 100)}
		ix, _, err := hnsw.Build(t.Context(), vecs, dims, narrow(), cal, nil)
		if err != nil {
			t.Fatal(err)
		}
		return ix.Config().Ef
	}
	if low, high := ef(0.3), ef(0.99); low != 20 || high <= low {
		t.Errorf("Ef is %d for floor 0.3 and %d for 0.99, want 20 and more", low, high)
	}
}

// A graph with two links a row and no choice among neighbours is no graph to
// publish, and its measure says so.
func TestPoorGraphIsRefused(t *testing.T) {
	vecs := indexertest.Clustered(41, 13000, 8)
	poor := hnsw.Config{M: 2, EfConstruction: 2, Ef: 10, Seed: 1}
	cal := indexer.Calibration{HeldOut: 40, K: 20, Floor: 0.98}
	_, m, err := hnsw.Build(t.Context(), vecs, 8, poor, cal, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := indexer.CheckFloor(m, 0.98); !errors.Is(err, indexer.ErrRecall) {
		t.Errorf("a graph of M 2 measures %+v and passes: %v", m, err)
	}
}

func TestBuildOfFewRows(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9, 10, 25, 300} {
		vecs := indexertest.Clustered(51, n, dims)
		last, total := 0, 0
		cal := indexer.DefaultCalibration()
		cal.Profiles = append(indexertest.Profiles(51, vecs, dims, 5), make([]float32, dims)...)
		ix, m, err := hnsw.Build(t.Context(), vecs, dims, hnsw.DefaultConfig(), cal, func(done, of int) {
			if done < last {
				t.Errorf("progress goes from %d back to %d", last, done)
			}
			last, total = done, of
		})
		if err != nil {
			t.Fatalf("%d rows: %v", n, err)
		}
		if last != n || total != n {
			t.Errorf("progress of %d rows ends at %d of %d", n, last, total)
		}
		if want := n / 10; m.MovieQueries != want || m.Movies != 1 || m.Profiles != 1 {
			t.Errorf("%d rows: measured %+v, want %d movies held out and all found", n, m, want)
		}
		if got, err := ix.Search(t.Context(), indexertest.Clustered(52, 1, dims), n+1, nil); len(got) != n || err != nil {
			t.Errorf("%d rows: %d come back, error %v", n, len(got), err)
		}
	}
}

func TestBadInput(t *testing.T) {
	vecs := indexertest.Clustered(61, 20, dims)
	long, nan := slices.Clone(vecs), slices.Clone(vecs)
	long[3*dims] += 1
	nan[3*dims] = float32(math.NaN())
	tests := []struct {
		name string
		vecs []float32
		dims int
		want error
	}{
		{"not unit", long, dims, indexer.ErrRow},
		{"NaN", nan, dims, indexer.ErrRow},
		{"half a row", vecs[:dims/2], dims, indexer.ErrDims},
		{"no dims", vecs, 0, indexer.ErrDims},
	}
	for _, tt := range tests {
		if _, err := hnsw.New(t.Context(), tt.vecs, tt.dims, narrow()); !errors.Is(err, tt.want) {
			t.Errorf("%s: New gives %v, want %v", tt.name, err, tt.want)
		}
		if _, _, err := hnsw.Build(t.Context(), tt.vecs, tt.dims, narrow(), indexer.DefaultCalibration(), nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: Build gives %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, _, err := hnsw.Build(t.Context(), vecs, dims, narrow(), indexer.Calibration{}, nil); !errors.Is(err, indexer.ErrCount) {
		t.Errorf("a calibration at k=0 gives %v, want %v", err, indexer.ErrCount)
	}
}

func TestConfigReportsEveryFault(t *testing.T) {
	err := hnsw.Config{M: 1, EfConstruction: 0, Ef: 0}.Validate()
	if err == nil || bytes.Count([]byte(err.Error()), []byte("\n")) != 2 {
		t.Errorf("three faults give %q, want three lines", err)
	}
	if err := hnsw.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := hnsw.New(t.Context(), nil, dims, hnsw.Config{M: 1 << 20, EfConstruction: 1 << 21, Ef: 1}); err == nil {
		t.Error("M of a million is accepted")
	}
	ix := mustNew(t, nil, dims, narrow())
	if _, err := ix.WithEf(0); err == nil {
		t.Error("Ef 0 is accepted")
	}
	if wide, err := ix.WithEf(99); err != nil || wide.Config().Ef != 99 || ix.Config().Ef != narrow().Ef {
		t.Errorf("WithEf(99) gives error %v, or changed the index it was called on", err)
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	vecs := indexertest.Clustered(71, 3000, dims)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, _, err := hnsw.Build(ctx, vecs, dims, narrow(), indexer.DefaultCalibration(), func(int, int) {
		calls++
		cancel()
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("a build cancelled in its first batch gives %v after %d batches, want %v after 1", err, calls, context.Canceled)
	}
	if _, err := hnsw.New(ctx, vecs, dims, narrow()); !errors.Is(err, context.Canceled) {
		t.Errorf("New gives %v, want %v", err, context.Canceled)
	}
}

// However few rows are kept, keep is not asked much more than once a row: a walk
// that finds nothing gives up for a scan.
func TestSelectiveKeepIsNotAskedForEver(t *testing.T) {
	const n = 4000
	vecs := indexertest.Clustered(91, n, dims)
	ix := mustNew(t, vecs, dims, narrow())
	asked := 0
	hits, err := ix.Search(t.Context(), vecs[:dims], 10, func(row uint32) bool {
		asked++
		return row == n-1
	})
	if err != nil || len(hits) != 1 || hits[0].Row != n-1 {
		t.Errorf("got %v, error %v, want row %d", hits, err, n-1)
	}
	if asked > n+n/3 {
		t.Errorf("keep was asked %d times about %d rows", asked, n)
	}
}

// Dimensions of very different size, and one that is next to nothing, lose no
// recall to the codes.
func TestUnevenDimensions(t *testing.T) {
	const n = 2000
	vecs := indexertest.Clustered(81, n, dims)
	for row := range slices.Chunk(vecs, dims) {
		var square float64
		for j := range row {
			row[j] *= float32(math.Pow(0.8, float64(j)))
			if j == dims-1 {
				row[j] = 1e-44
			}
			square += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(square))
		}
	}
	ix := mustNew(t, vecs, dims, hnsw.DefaultConfig())
	if got := share(t, ix, vecs, vecs[:100*dims], 20); got < 0.99 {
		t.Errorf("recall is %.4f, want 0.99 or more", got)
	}
}
