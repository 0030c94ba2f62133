package coderhnsw_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"marquee/indexer"
	"marquee/indexer/coderhnsw"
	"marquee/indexer/indexertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const dims = 32

// light is a graph that is built quickly and fetches few rows, so that the small
// worlds of the tests are not scanned.
func light() coderhnsw.Config {
	return coderhnsw.Config{M: 24, EfSearch: 32, Fetch: 160, Seed: 1}
}

func mustNew(t testing.TB, vecs []float32, dims int, cfg coderhnsw.Config) *coderhnsw.Index {
	t.Helper()
	ix, err := coderhnsw.New(t.Context(), vecs, dims, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func encoded(t testing.TB, ix *coderhnsw.Index) []byte {
	t.Helper()
	var buf bytes.Buffer
	n, err := ix.WriteTo(&buf)
	if err != nil || n != int64(buf.Len()) {
		t.Fatalf("WriteTo gives %d bytes, says %d, error %v", buf.Len(), n, err)
	}
	return buf.Bytes()
}

// The index is held to its contract as it comes from the build and as it comes
// back from a file.
func TestIndex(t *testing.T) {
	t.Run("built", func(t *testing.T) {
		indexertest.TestIndex(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
			return mustNew(t, vecs, dims, light())
		}, coderhnsw.Floor)
	})
	t.Run("changes", func(t *testing.T) { // laid beside it
		indexertest.TestChanges(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
			return mustNew(t, vecs, dims, light())
		}, coderhnsw.Floor)
	})
	t.Run("read back", func(t *testing.T) {
		for _, c := range indexertest.Checks() {
			if c.Name != "zero rows" && c.Name != "few rows" && c.Name != "keep" {
				continue
			}
			err := c.Run(t, func(t *testing.T, vecs []float32, dims int) indexer.Index {
				ix, err := coderhnsw.Read(bytes.NewReader(encoded(t, mustNew(t, vecs, dims, light()))), vecs, dims)
				if err != nil {
					t.Fatal(err)
				}
				return ix
			}, coderhnsw.Floor)
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	})
}

func TestBuildMeasures(t *testing.T) {
	const n = 1500
	vecs := indexertest.Clustered(4, n, dims)
	given := slices.Clone(vecs)
	cal := indexer.Calibration{HeldOut: 60, K: 20, Floor: coderhnsw.Floor, Profiles: indexertest.Profiles(4, vecs, dims, 60)}
	last := 0
	ix, m, err := coderhnsw.Build(t.Context(), vecs, dims, light(), cal, func(done, total int) {
		if done <= last || total != n {
			t.Errorf("progress goes from %d to %d of %d, want up to %d", last, done, total, n)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := indexer.CheckFloor(m, coderhnsw.Floor); err != nil {
		t.Error(err)
	}
	if m.Backend != "coderhnsw" || m.K != 20 || m.MovieQueries != 60 || m.ProfileQueries != 60 || m.Floor != coderhnsw.Floor {
		t.Errorf("measured %+v, want 60 queries of each kind at 20, floor %v", m, coderhnsw.Floor)
	}
	if m.Effort != ix.Config().Fetch || last != n || !slices.Equal(vecs, given) {
		t.Errorf("effort %d, Fetch %d, %d of %d rows in, vectors kept: %v", m.Effort, ix.Config().Fetch, last, n, slices.Equal(vecs, given))
	}
	cal.Floor = 1
	if _, m, err = coderhnsw.Build(t.Context(), vecs, dims, light(), cal, nil); err != nil || m.Effort < ix.Config().Fetch {
		t.Errorf("floor 1 fetches %d, floor %v fetches %d; error %v", m.Effort, coderhnsw.Floor, ix.Config().Fetch, err)
	}
}

func TestBuildOfFewRows(t *testing.T) {
	for _, n := range []int{0, 1, 2, 30} {
		vecs := indexertest.Clustered(5, n, dims)
		cal := indexer.DefaultCalibration()
		cal.Profiles = append(indexertest.Profiles(5, vecs, dims, 3), make([]float32, dims)...)
		ix, m, err := coderhnsw.Build(t.Context(), vecs, dims, light(), cal, nil)
		if err != nil || m.MovieQueries != n/10 || m.Movies != 1 || m.Profiles != 1 {
			t.Errorf("%d rows: measured %+v, error %v, want %d movies held out and all found", n, m, err, n/10)
			continue
		}
		if hits, err := ix.Search(t.Context(), indexertest.Clustered(6, 1, dims), n+1, nil); len(hits) != n || err != nil {
			t.Errorf("%d rows: %d come back, error %v", n, len(hits), err)
		}
	}
}

func TestBadInput(t *testing.T) {
	vecs := indexertest.Clustered(7, 20, dims)
	nan := slices.Clone(vecs)
	nan[40] = float32(math.NaN())
	tests := []struct {
		name string
		vecs []float32
		dims int
		want error
	}{
		{"NaN", nan, dims, indexer.ErrRow},
		{"half a row", vecs[:dims/2], dims, indexer.ErrDims},
		{"no dims", vecs, 0, indexer.ErrDims},
	}
	for _, tt := range tests {
		if _, err := coderhnsw.New(t.Context(), tt.vecs, tt.dims, light()); !errors.Is(err, tt.want) {
			t.Errorf("%s: New gives %v, want %v", tt.name, err, tt.want)
		}
		if _, _, err := coderhnsw.Build(t.Context(), tt.vecs, tt.dims, light(), indexer.DefaultCalibration(), nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: Build gives %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, _, err := coderhnsw.Build(t.Context(), vecs, dims, light(), indexer.Calibration{}, nil); !errors.Is(err, indexer.ErrCount) {
		t.Errorf("a calibration at k=0 gives %v, want %v", err, indexer.ErrCount)
	}
	err := coderhnsw.Config{}.Validate()
	if err == nil || bytes.Count([]byte(err.Error()), []byte("\n")) != 2 {
		t.Errorf("three faults give %q, want three lines", err)
	}
	if _, err := mustNew(t, nil, dims, coderhnsw.DefaultConfig()).WithFetch(0); err == nil {
		t.Error("Fetch 0 is accepted")
	}
}

func TestBuildStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, _, err := coderhnsw.Build(ctx, indexertest.Clustered(8, 1000, dims), dims, light(), indexer.DefaultCalibration(), func(int, int) {
		calls++
		cancel()
	})
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("a build cancelled at its first progress gives %v after %d calls, want %v after 1", err, calls, context.Canceled)
	}
}

// The library begins a search at a random node of its top layer. One graph gives
// one answer all the same.
func TestSameGraphSameAnswer(t *testing.T) {
	vecs := indexertest.Clustered(9, 1000, dims)                   // some four rows on the layer below the hub's
	cfg := coderhnsw.Config{M: 4, EfSearch: 2, Fetch: 20, Seed: 1} // so poor that the start would show
	ix := mustNew(t, vecs, dims, cfg)
	for q := range slices.Chunk(indexertest.Clustered(10, 60, dims), dims) {
		want, err := ix.Search(t.Context(), q, 20, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if got, _ := ix.Search(t.Context(), q, 20, nil); !slices.Equal(got, want) {
				t.Fatalf("the same query gives %v, then %v", want, got)
			}
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	indexertest.Benchmark(b, "coderhnsw", 5000, 64, func(b *testing.B, vecs []float32, dims int) indexer.Index {
		return mustNew(b, vecs, dims, coderhnsw.DefaultConfig())
	})
}
