package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"marquee/catalog"
)

const benchRows = 500_000

// BenchmarkDigest has the time of hashing histories alone: what a build pays for
// its data version.
func BenchmarkDigest(b *testing.B) {
	seen := all(b, world(benchRows).Histories(b.Context()))
	for b.Loop() {
		d := NewDigest(catalog.ScaleMovieLens)
		for _, s := range seen {
			if err := d.Seen(s); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(seen)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkWrite writes histories as a snapshot and, for comparison, as gzipped
// CSV of the same columns.
func BenchmarkWrite(b *testing.B) {
	b.Run("impl=dataset", func(b *testing.B) {
		var m Manifest
		var peak uint64
		for b.Loop() {
			s := newShelf(b)
			m, peak = writeMeasured(b, s, world(rowsOfBench()))
		}
		report(b, m.Table(tableSeen).Bytes)
		b.ReportMetric(float64(peak)/(1<<20), "peak-heap-MiB")
	})
	b.Run("impl=csv.gz", func(b *testing.B) {
		bytes := int64(0)
		for b.Loop() {
			bytes = writeCSV(b, filepath.Join(b.TempDir(), "seen.csv.gz"), world(rowsOfBench()))
		}
		report(b, bytes)
	})
}

// BenchmarkRead reads all histories back, checksums included, and verifies them.
func BenchmarkRead(b *testing.B) {
	s := newShelf(b)
	m := mustWrite(b, s, world(rowsOfBench()), "", day)
	path := filepath.Join(b.TempDir(), "seen.csv.gz")
	bytes := writeCSV(b, path, world(rowsOfBench()))
	b.Run("impl=dataset", func(b *testing.B) {
		for b.Loop() {
			snap, err := s.Open(b.Context(), m.Version, nil)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for _, err := range snap.Histories(b.Context()) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			snap.Close()
			if n != rowsOfBench() {
				b.Fatalf("%d rows", n)
			}
		}
		report(b, m.Table(tableSeen).Bytes)
	})
	b.Run("impl=verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Verify(b.Context(), m.Version, nil); err != nil {
				b.Fatal(err)
			}
		}
		report(b, m.Table(tableSeen).Bytes)
	})
	b.Run("impl=csv.gz", func(b *testing.B) {
		for b.Loop() {
			if n := readCSV(b, path); n != rowsOfBench() {
				b.Fatalf("%d rows", n)
			}
		}
		report(b, bytes)
	})
}

// rowsOfBench is benchRows, or what MARQUEE_BENCH_ROWS says.
func rowsOfBench() int {
	if n, err := strconv.Atoi(os.Getenv("MARQUEE_BENCH_ROWS")); err == nil {
		return n
	}
	return benchRows
}

func report(b *testing.B, bytes int64) {
	b.ReportMetric(float64(rowsOfBench()*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/float64(rowsOfBench()), "B/row")
}

// writeMeasured also returns the most heap in use that was seen on the way.
func writeMeasured(b *testing.B, s *Shelf, src Source) (m Manifest, peak uint64) {
	var stats runtime.MemStats
	m, _, err := s.Write(b.Context(), src, Origin{}, day, func(string, int64) {
		runtime.ReadMemStats(&stats)
		peak = max(peak, stats.HeapAlloc)
	})
	if err != nil {
		b.Fatal(err)
	}
	return m, peak
}

func writeCSV(b *testing.B, path string, w *invented) int64 {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z := gzip.NewWriter(f)
	out := csv.NewWriter(z)
	for s, err := range w.Histories(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		rating := ""
		if s.Rated {
			rating = strconv.FormatFloat(s.Rating, 'g', -1, 64)
		}
		line := []string{string(s.User), string(s.Movie), strconv.FormatInt(s.At.UnixMicro(), 10), rating, strconv.FormatFloat(s.Share, 'g', -1, 64), strconv.Itoa(s.Days)}
		if err := out.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	out.Flush()
	if err := errors.Join(out.Error(), z.Close()); err != nil {
		b.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}

// readCSV reads back the rows that [writeCSV] wrote, as histories.
func readCSV(b *testing.B, path string) (n int) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		b.Fatal(err)
	}
	in := csv.NewReader(z)
	in.ReuseRecord = true
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			b.Fatal(err)
		}
		at, err := strconv.ParseInt(line[2], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		s := catalog.UserSeen{User: catalog.UserID(line[0]), Seen: catalog.Seen{Movie: catalog.MovieID(line[1]), At: time.UnixMicro(at).UTC()}}
		s.Rating, s.Rated = parseReal(line[3])
		s.Share, s.Shared = parseReal(line[4])
		if s.Days, err = strconv.Atoi(line[5]); err != nil || s.User == "" {
			b.Fatal(err)
		}
		n++
	}
}

func parseReal(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}
