package precomputed_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
)

// factors score 27,000 movies by 64 factors, as ALS does.
type factors []float32

func (f factors) Len() int                         { return len(f) / 64 }
func (f factors) WriteTo(io.Writer) (int64, error) { return 0, nil }
func (f factors) Score(q model.Query, scores []float32) model.Basis {
	row := int(q.Seen[0].Movie)
	vec.DotRows(scores, f[row*64:(row+1)*64], f)
	return model.Personal
}

func BenchmarkRun(b *testing.B) {
	const people, rows = 4000, 27000
	f := make(factors, rows*64)
	for i := range f {
		f[i] = float32((i*7919+i/64*104729)%1009)/1009 - 0.5
	}
	p := precomputed.Plan{Model: f, N: 100, Chunk: 500, Key: "bench", Query: func(_ context.Context, i int) (model.Query, error) {
		return model.Query{Seen: []model.Seen{{Movie: uint32(i)}}}, nil
	}}
	for i := range people {
		p.Users = append(p.Users, catalog.UserID(fmt.Sprintf("u%06d", i)))
	}
	dir := b.TempDir()
	for i := 0; b.Loop(); i++ {
		p.Dir = filepath.Join(dir, fmt.Sprint(i))
		if _, err := precomputed.Run(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(people)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
}
