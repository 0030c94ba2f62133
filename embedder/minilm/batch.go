package minilm

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/embedder"
)

// batchTokens is how many tokens a worker takes through the layers at once:
// enough that a panel of weights, fetched once a batch, is used often, and so
// few that the states of a batch stay near (128 and 512 were as fast).
const batchTokens = 256

// tokenizeBatch is how many texts a worker tokenizes before it looks at the
// context again.
const tokenizeBatch = 64

// spanTexts is how many texts are in work at once: their ids take some 8 MB at
// most, and batches of texts of like length come from among them.
const spanTexts = 8192

// Embed implements [embedder.Embedder]. It uses GOMAXPROCS goroutines, each with
// some 5 MB of its own, and waits for them. A core embeds some 60 to 80 texts of
// 80 tokens a second with AVX-512 (BenchmarkEmbed).
func (m *Model) Embed(ctx context.Context, texts []string, dst []float32) error {
	if err := embedder.CheckShape(m.ID(), texts, dst); err != nil {
		return err
	}
	dims := m.weights.hidden
	for first := 0; first < len(texts); first += spanTexts {
		span := texts[first:min(first+spanTexts, len(texts))]
		ids, err := m.tokenize(ctx, span)
		if err != nil {
			return err
		}
		if err := m.encode(ctx, dst[first*dims:][:len(span)*dims], ids); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// tokenize returns the ids of each text, nil for one that says nothing.
func (m *Model) tokenize(ctx context.Context, texts []string) ([][]int32, error) {
	ids := make([][]int32, len(texts))
	err := share(ctx, (len(texts)+tokenizeBatch-1)/tokenizeBatch, func() func(int) {
		t := newTokenizer(m.vocab, m.weights.tokens)
		return func(batch int) {
			first := batch * tokenizeBatch
			for i := first; i < min(first+tokenizeBatch, len(texts)); i++ {
				if one := t.encode(nil, texts[i]); t.speaks(one) {
					ids[i] = one
				}
			}
		}
	})
	return ids, err
}

// encode writes the vector of each text to its row of dst, [len(ids) x hidden],
// zeros for nil ids.
func (m *Model) encode(ctx context.Context, dst []float32, ids [][]int32) error {
	rows := slices.Collect(slices.Chunk(dst, m.weights.hidden))
	for i, row := range rows {
		if len(ids[i]) == 0 {
			clear(row)
		}
	}
	batches, tokens := batch(ids)
	return share(ctx, len(batches), func() func(int) {
		e := newEncoder(m.weights, tokens)
		var to [][]float32
		var of [][]int32
		return func(b int) {
			to, of = to[:0], of[:0]
			for _, i := range batches[b] {
				to, of = append(to, rows[i]), append(of, ids[i])
			}
			e.encode(to, of)
		}
	})
}

// batch groups the texts that have ids into batches of at most batchTokens
// tokens, or one text, and returns the tokens of the largest. Long texts come
// first, so that no worker ends with one while the others wait; texts of one
// length stay in order.
func batch(ids [][]int32) (batches [][]int, largest int) {
	var order []int
	for i := range ids {
		if len(ids[i]) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(ids[b]), len(ids[a])) })
	first, tokens := 0, 0
	for at, i := range order {
		if at > first && tokens+len(ids[i]) > batchTokens {
			batches = append(batches, order[first:at])
			first, tokens = at, 0
		}
		tokens += len(ids[i])
		largest = max(largest, tokens)
	}
	if first < len(order) {
		batches = append(batches, order[first:])
	}
	return batches, largest
}

// share runs jobs 0 to n-1 on at most GOMAXPROCS goroutines, each with a runner
// of its own from start, and waits for them. It returns ctx's error if a job was
// left undone because ctx ended.
func share(ctx context.Context, n int, start func() (run func(job int))) error {
	var next atomic.Int64
	var group errgroup.Group
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() error {
			run := start()
			for job := int(next.Add(1)) - 1; job < n; job = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				run(job)
			}
			return nil
		})
	}
	return group.Wait()
}
