package stream_test

import (
	"bufio"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/catalog/stream"
)

// writeDay writes n lines as the real stream has them: 30,000 people who watch
// one movie each for some time, minute by minute, so that most lines repeat a
// person and a movie; 1 line in 200 is a rating.
func writeDay(tb testing.TB, path string, n int) {
	tb.Helper()
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	rng := rand.New(rand.NewPCG(7, 7))
	type viewer struct{ movie, minute int }
	viewers := make([]viewer, 30_000)
	for i := range n {
		u := rng.IntN(len(viewers))
		v := &viewers[u]
		if v.minute--; v.minute < 0 {
			*v = viewer{movie: rng.IntN(27_000), minute: 20 + rng.IntN(100)}
		}
		when := epoch.Add(time.Duration(i) * 2 * time.Millisecond).Format("2006-01-02T15:04:05")
		if i%200 == 0 {
			fmt.Fprintf(w, "%s,%d,GET /rate/some+movie+%d+1999=%d\n", when, 100_000+u, v.movie, 1+rng.IntN(5))
			continue
		}
		fmt.Fprintf(w, "%s,%d,GET /data/m/some+movie+%d+1999/%d.mpg\n", when, 100_000+u, v.movie, 120-v.minute)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkFileToSQLite reads a file into a store on the disk, in batches of
// several sizes: lines a second beside the most memory that was in use.
func BenchmarkFileToSQLite(b *testing.B) {
	path := filepath.Join(b.TempDir(), "movielog.log")
	const lines = 400_000
	writeDay(b, path, lines)
	for _, batch := range []int{1000, 5000, 20_000, 50_000} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			var most uint64
			for b.Loop() {
				most = max(most, readIntoSQLite(b, path, batch))
			}
			b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(most)/(1<<20), "MB-heap")
		})
	}
}

// readIntoSQLite returns the most heap in use after a batch.
func readIntoSQLite(b *testing.B, path string, batch int) (most uint64) {
	store, err := sqlstore.Open(b.Context(), filepath.Join(b.TempDir(), "marquee.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	cfg := stream.DefaultConfig()
	cfg.BatchLines = batch
	src, err := stream.OpenFile(b.Context(), path, store, cfg, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	var mem runtime.MemStats
	n := 0
	sum, err := stream.Run(b.Context(), src, store, stream.RunConfig{Applied: func(catalog.Batch, catalog.Applied, stream.Summary) {
		if n++; n%8 == 0 {
			runtime.ReadMemStats(&mem)
			most = max(most, mem.HeapInuse)
		}
	}})
	if err != nil || sum.RefusedTotal() != 0 {
		b.Fatal(sum, err)
	}
	return most
}
