package lsa

import (
	"context"

	"marquee/embedder/vec"
)

// rowBlock is how many rows of a matrix a goroutine takes at once.
const rowBlock = 256

// A sparse is a matrix of few values, row by row.
type sparse struct {
	rows, columns int
	start         []int // [rows+1]: row i is column[start[i]:start[i+1]] and value likewise
	column        []int32
	value         []float32
}

// weighAll returns the tf-idf weights of texts, [len(texts) x terms].
func weighAll(ctx context.Context, texts []string, v *vocabulary, cfg Config) (*sparse, error) {
	rows := make([][]entry, len(texts))
	err := blocks(ctx, len(texts), textBlock, func() func(b, lo, hi int) {
		w := weigher{vocabulary: v, cfg: cfg}
		return func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[i] = append([]entry(nil), w.weigh(texts[i])...)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	x := &sparse{rows: len(texts), columns: len(v.terms), start: make([]int, len(texts)+1)}
	for i, row := range rows {
		x.start[i+1] = x.start[i] + len(row)
	}
	x.column, x.value = make([]int32, x.start[len(rows)]), make([]float32, x.start[len(rows)])
	for i, row := range rows {
		for j, e := range row {
			x.column[x.start[i]+j], x.value[x.start[i]+j] = e.term, e.weight
		}
	}
	return x, nil
}

// transpose returns x with rows and columns exchanged.
func (x *sparse) transpose() *sparse {
	t := &sparse{
		rows: x.columns, columns: x.rows, start: make([]int, x.columns+1),
		column: make([]int32, len(x.column)), value: make([]float32, len(x.value)),
	}
	for _, c := range x.column {
		t.start[c+1]++
	}
	for i := range t.rows {
		t.start[i+1] += t.start[i]
	}
	at := append([]int(nil), t.start...)
	for i := range x.rows {
		for p := x.start[i]; p < x.start[i+1]; p++ {
			c := x.column[p]
			t.column[at[c]], t.value[at[c]] = int32(i), x.value[p]
			at[c]++
		}
	}
	return t
}

// mul returns x*b for b of [columns x width], as [rows x width].
func (x *sparse) mul(ctx context.Context, b []float32, width int) ([]float32, error) {
	out := make([]float32, x.rows*width)
	err := blocks(ctx, x.rows, rowBlock, func() func(_, lo, hi int) {
		return func(_, lo, hi int) {
			for i := lo; i < hi; i++ {
				row := out[i*width : (i+1)*width]
				for p := x.start[i]; p < x.start[i+1]; p++ {
					c := int(x.column[p]) * width
					vec.Axpy(x.value[p], b[c:c+width], row)
				}
			}
		}
	})
	return out, err
}
