package minilm

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"marquee/embedder/embeddertest"
	"marquee/embedder/vec"
)

func TestConforms(t *testing.T) {
	m, _ := smallModel(t)
	embeddertest.TestEmbedder(t, m)
}

// The encoder gives what BERT's definition gives, written down in float64.
func TestEncoderMatchesDefinition(t *testing.T) {
	m, d := smallModel(t)
	rng := rand.New(rand.NewPCG(5, 5))
	var ids [][]int32
	for _, n := range []int{2, 3, 31, 32, 33, 64, 65, 70} {
		text := make([]int32, n)
		for i := range text {
			text[i] = int32(rng.IntN(m.weights.vocab))
		}
		ids = append(ids, text)
	}
	defer vec.Use(vec.Path())
	for _, path := range vec.Paths() {
		if err := vec.Use(path); err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, len(ids)*m.weights.hidden)
		if err := m.encode(t.Context(), dst, ids); err != nil {
			t.Fatal(err)
		}
		for i, text := range ids {
			want := d.encode(m.weights.shape, text)
			for j, got := range dst[i*m.weights.hidden:][:m.weights.hidden] {
				if math.Abs(float64(got)-want[j]) > 2e-6 {
					t.Fatalf("%s, text of %d tokens: value %d is %v, want %v", path, len(text), j, got, want[j])
				}
			}
		}
	}
}

// encode is BERT with mean pooling, as plain as can be.
func (d dict) encode(s shape, ids []int32) []float64 {
	x := make([][]float64, len(ids))
	for i, id := range ids {
		word, position, kind := d.row("embeddings.word_embeddings.weight", int(id)), d.row("embeddings.position_embeddings.weight", i), d.row("embeddings.token_type_embeddings.weight", 0)
		x[i] = d.norm("embeddings.LayerNorm", plus(plus(word, position), kind))
	}
	for l := range s.layers {
		name := "encoder.layer." + strconv.Itoa(l)
		attended := d.attend(name+".attention.self", s, x)
		for i := range x {
			merged := d.linear(name+".attention.output.dense", attended[i])
			x[i] = d.norm(name+".attention.output.LayerNorm", plus(x[i], merged))
			wide := d.linear(name+".intermediate.dense", x[i])
			for j, v := range wide {
				wide[j] = v * 0.5 * math.Erfc(-v/math.Sqrt2)
			}
			x[i] = d.norm(name+".output.LayerNorm", plus(x[i], d.linear(name+".output.dense", wide)))
		}
	}
	mean, length := make([]float64, s.hidden), 0.0
	for _, row := range x {
		mean = plus(mean, row)
	}
	for _, v := range mean {
		length += v * v
	}
	for i := range mean {
		mean[i] /= math.Sqrt(length)
	}
	return mean
}

func (d dict) attend(name string, s shape, x [][]float64) [][]float64 {
	var q, k, v [][]float64
	for _, row := range x {
		q, k, v = append(q, d.linear(name+".query", row)), append(k, d.linear(name+".key", row)), append(v, d.linear(name+".value", row))
	}
	out := make([][]float64, len(x))
	for i := range x {
		out[i] = make([]float64, s.hidden)
		for h := range s.heads {
			from, to := h*headDims, (h+1)*headDims
			weights, sum := make([]float64, len(x)), 0.0
			for j := range x {
				weights[j] = math.Exp(dot64(q[i][from:to], k[j][from:to]) / math.Sqrt(headDims))
				sum += weights[j]
			}
			for j := range x {
				for c := from; c < to; c++ {
					out[i][c] += weights[j] / sum * v[j][c]
				}
			}
		}
	}
	return out
}

func (d dict) row(name string, i int) []float64 {
	a := d[name]
	n := len(a.values) / a.shape[0]
	row := make([]float64, n)
	for j, v := range a.values[i*n : (i+1)*n] {
		row[j] = float64(v)
	}
	return row
}

func (d dict) linear(name string, x []float64) []float64 {
	out := make([]float64, d[name+".bias"].shape[0])
	for j := range out {
		out[j] = dot64(d.row(name+".weight", j), x) + float64(d[name+".bias"].values[j])
	}
	return out
}

func (d dict) norm(name string, x []float64) []float64 {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(variance+1e-12)*float64(d[name+".weight"].values[i]) + float64(d[name+".bias"].values[i])
	}
	return out
}

func plus(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] + b[i]
	}
	return out
}

func dot64(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// Every text with ids stands in exactly one batch, long ones first, and no batch
// of several has more tokens than a worker's share.
func TestBatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for range 200 {
		ids := make([][]int32, rng.IntN(60))
		for i := range ids {
			ids[i] = make([]int32, rng.IntN(300)*rng.IntN(2))
		}
		batches, largest := batch(ids)
		seen, last := make(map[int]bool), 1<<30
		for _, b := range batches {
			tokens := 0
			for _, i := range b {
				if len(ids[i]) == 0 || seen[i] || len(ids[i]) > last {
					t.Fatalf("text %d of %d tokens: twice, empty, or after one of %d", i, len(ids[i]), last)
				}
				seen[i], last = true, len(ids[i])
				tokens += len(ids[i])
			}
			if len(b) == 0 || len(b) > 1 && tokens > batchTokens || tokens > largest {
				t.Fatalf("batch of %d texts, %d tokens, largest said to be %d", len(b), tokens, largest)
			}
		}
		for i := range ids {
			if seen[i] != (len(ids[i]) > 0) {
				t.Fatalf("text %d of %d tokens: in a batch: %v", i, len(ids[i]), seen[i])
			}
		}
	}
}

// More texts than are in work at once come out in their own rows.
func TestEmbedManySpans(t *testing.T) {
	m, _ := smallModel(t)
	dims := m.ID().Dims
	texts := make([]string, 2*spanTexts+3)
	for i := range texts {
		texts[i] = []string{"a", "film", "", "b"}[i%4]
	}
	got, want := make([]float32, len(texts)*dims), make([]float32, 4*dims)
	for i := range got {
		got[i] = 9
	}
	if err := m.Embed(t.Context(), texts, got); err != nil {
		t.Fatal(err)
	}
	if err := m.Embed(t.Context(), texts[:4], want); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v != want[i%(4*dims)] {
			t.Fatalf("text %d: value %d is %v, want %v", i/dims, i%dims, v, want[i%(4*dims)])
		}
	}
}
