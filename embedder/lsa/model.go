package lsa

import (
	"context"

	"marquee/embedder"
	"marquee/embedder/vec"
)

// embedBlock is how many texts a goroutine embeds at once.
const embedBlock = 16

// A Model is a vocabulary and a projection. Nothing writes to it after [Fit] or
// [Read] has returned, so any number of goroutines may use it.
type Model struct {
	cfg        Config
	texts      int // that it was fitted on
	vocabulary *vocabulary
	dims       int
	projection []float32 // [terms x dims]: right singular vectors times singular values to the power cfg.Power-1
	digest     [digestBytes]byte
}

var _ embedder.Embedder = (*Model)(nil)

// ID names the vector space: the revision is the digest of all that was
// fitted and how.
func (m *Model) ID() embedder.ID {
	return embedder.ID{Model: "lsa", Revision: m.revision(), Dims: m.dims, Precision: "f32"}
}

// Config returns the configuration that the model was fitted with.
func (m *Model) Config() Config { return m.cfg }

// Texts returns the number of texts that the model was fitted on.
func (m *Model) Texts() int { return m.texts }

// Terms returns the size of the vocabulary. With none, every vector is zeros.
func (m *Model) Terms() int { return len(m.vocabulary.terms) }

// Embed writes the vectors of texts to dst, [len(texts) x ID().Dims], as
// [embedder.Embedder] says, on every processor. A text of the fitted catalog and
// a new one take the same way: the weights of its terms times the projection. A
// text with no term of the vocabulary is zeros. A text of
// 100 words takes some 50 microseconds of one processor (BenchmarkEmbed).
func (m *Model) Embed(ctx context.Context, texts []string, dst []float32) error {
	if err := embedder.CheckShape(m.ID(), texts, dst); err != nil {
		return err
	}
	return blocks(ctx, len(texts), embedBlock, func() func(b, lo, hi int) {
		w := weigher{vocabulary: m.vocabulary, cfg: m.cfg}
		return func(_, lo, hi int) {
			for i := lo; i < hi && ctx.Err() == nil; i++ {
				m.project(w.weigh(texts[i]), dst[i*m.dims:(i+1)*m.dims])
			}
		}
	})
}

// project writes the vector of a row of weights to dst, [dims].
func (m *Model) project(row []entry, dst []float32) {
	clear(dst)
	for _, e := range row {
		at := int(e.term) * m.dims
		vec.Axpy(e.weight, m.projection[at:at+m.dims], dst)
	}
	vec.Normalize(dst)
}
