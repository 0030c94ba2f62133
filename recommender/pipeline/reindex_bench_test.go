package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/indexer/hnsw"
	"marquee/indexer/indexertest"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

const manyRows, manyDims = 27_000, 384

// numbered embeds a text of one number as the row of that number.
type numbered struct{ rows []float32 }

func (numbered) ID() embedder.ID {
	return embedder.ID{Model: "numbered", Revision: "1", Dims: manyDims, Precision: "f32"}
}

func (n numbered) Embed(_ context.Context, texts []string, dst []float32) error {
	for i, t := range texts {
		row, err := strconv.Atoi(t[:len(t)-1]) // a document ends in a full stop
		if err != nil {
			return err
		}
		copy(dst[i*manyDims:][:manyDims], n.rows[row%(len(n.rows)/manyDims)*manyDims:])
	}
	return nil
}

// graph builds own graphs.
type graph struct{}

func (graph) Kind() string  { return "hnsw" }
func (graph) Settings() any { return hnsw.DefaultConfig() }
func (graph) Build(ctx context.Context, vecs []float32, dims int, _ [][]uint32, _ pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	ix, m, err := hnsw.Build(ctx, vecs, dims, hnsw.DefaultConfig(), indexer.DefaultCalibration(), nil)
	if err != nil {
		return nil, m, err
	}
	return ix, m, nil
}

// BenchmarkReindex brings a bundle of 27,000 movies up to date with some edited movies,
// as "marquee reindex" does: it is loaded without models, what has changed is found,
// laid over it, measured, written and published. Metrics are milliseconds of each;
// recall is that of the index at the end.
func BenchmarkReindex(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("movies=%d", n), func(b *testing.B) { benchmarkReindex(b, n) })
	}
}

func benchmarkReindex(b *testing.B, edited int) {
	e := numbered{indexertest.Clustered(1, manyRows+5000, manyDims)}
	s := &shop{}
	for i := range manyRows {
		s.movies = append(s.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("m%05d", i)), Title: strconv.Itoa(i)})
		s.note(catalog.ChangeMovie, string(s.movies[i].ID))
	}
	o := options(nil, nil)
	o.Space = func(context.Context, []string, pipeline.Progress) (embedder.Embedder, error) { return e, nil }
	o.Backend, o.Neighbour = graph{}, 100
	built, err := pipeline.Build(b.Context(), s, o)
	if err != nil {
		b.Fatal(err)
	}
	shelf, err := bundle.OpenShelf(filepath.Join(b.TempDir(), "bundles"))
	if err != nil {
		b.Fatal(err)
	}
	m, err := shelf.Put(b.Context(), built)
	if err != nil {
		b.Fatal(err)
	}
	base := m
	open := bundle.Opener{NoModels: true, Index: func(_ string, vecs []float32, dims int, stored []byte) (indexer.Index, error) {
		return hnsw.Read(bytes.NewReader(stored), vecs, dims)
	}}
	r := pipeline.Reindex{
		Open: func(context.Context) (embedder.Embedder, error) { return e, nil }, Backend: graph{}, Most: 1,
		Now: time.Now, Progress: func(string, int, int) {}, Log: slog.New(slog.DiscardHandler),
	}
	var load, publish time.Duration
	var work pipeline.Work
	text := manyRows
	for b.Loop() {
		b.StopTimer()
		for range edited {
			text++
			at := text * 7919 % manyRows
			s.movies[at].Title = strconv.Itoa(text)
			s.note(catalog.ChangeMovie, string(s.movies[at].ID))
		}
		b.StartTimer()
		began := time.Now()
		live, err := shelf.Load(b.Context(), base.ID, open)
		if err != nil {
			b.Fatal(err)
		}
		load += time.Since(began)
		began = time.Now()
		found := findAlone(b, s, live.Manifest, live.Movies, base)
		work.Detect += time.Since(began)
		var w pipeline.Work
		if m, w, err = r.Shelve(b.Context(), shelf, live, found, nil); err != nil {
			b.Fatal(err)
		}
		work.Embed, work.Index, work.Write = work.Embed+w.Embed, work.Index+w.Index, work.Write+w.Write
		began = time.Now()
		if err := shelf.Publish(b.Context(), bundle.Publication{ID: m.ID, By: "benchmark"}); err != nil {
			b.Fatal(err)
		}
		publish += time.Since(began)
	}
	each := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(b.N) }
	b.ReportMetric(each(load), "load-ms")
	b.ReportMetric(each(work.Detect), "detect-ms")
	b.ReportMetric(each(work.Embed), "embed-ms")
	b.ReportMetric(each(work.Index), "index-ms")
	b.ReportMetric(each(work.Write), "write-ms")
	b.ReportMetric(each(publish), "publish-ms")
	if m.Later.Measured != nil {
		b.ReportMetric(m.Later.Measured.Movies, "recall@20")
	}
	began := time.Now()
	if _, err := shelf.Load(b.Context(), m.ID, open); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds()*1000, "reload-ms")
}

// findAlone finds what changed since the last round: the log of it alone, though the
// bundle is the first of all.
func findAlone(b *testing.B, s *shop, m bundle.Manifest, movies *rank.Movies, base bundle.Manifest) pipeline.Found {
	b.Helper()
	f, err := pipeline.Find(b.Context(), s, m, movies, pipeline.Scope{})
	if err != nil {
		b.Fatal(err)
	}
	s.log = s.log[:base.Sequence:base.Sequence]
	return f
}
