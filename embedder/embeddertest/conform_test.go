package embeddertest_test

import (
	"context"
	"hash/fnv"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"marquee/embedder"
	"marquee/embedder/embeddertest"
)

// hashed is a small embedder that keeps the contract: a text is the sum of its
// words' pseudo-random signs. Its hooks let a test break one clause at a time.
type hashed struct {
	id     embedder.ID
	shape  func([]string, []float32) error
	ended  func(context.Context) error
	finish func(i int, texts []string, row []float32)
}

func newHashed() hashed {
	h := hashed{id: embedder.ID{Model: "hashed", Revision: "1", Dims: 8, Precision: "f32"}}
	h.shape = func(texts []string, dst []float32) error { return embedder.CheckShape(h.id, texts, dst) }
	h.ended = context.Context.Err
	h.finish = func(int, []string, []float32) {}
	return h
}

func (h hashed) ID() embedder.ID { return h.id }

func (h hashed) Embed(ctx context.Context, texts []string, dst []float32) error {
	if err := h.shape(texts, dst); err != nil {
		return err
	}
	for i, text := range texts {
		if err := h.ended(ctx); err != nil {
			return err
		}
		row := dst[i*h.id.Dims : (i+1)*h.id.Dims]
		h.row(text, row)
		h.finish(i, texts, row)
	}
	return nil
}

func (h hashed) row(text string, row []float32) {
	clear(row)
	for word := range strings.FieldsSeq(text) {
		sum := fnv.New32a()
		sum.Write([]byte(word))
		for j := range row {
			row[j] += float32(int32(sum.Sum32()>>(2*j)&3)) - 1.5
		}
	}
	norm := 0.0
	for _, x := range row {
		norm += float64(x) * float64(x)
	}
	for j := range row {
		if norm > 0 {
			row[j] = float32(float64(row[j]) / math.Sqrt(norm))
		}
	}
}

func TestKitPassesGoodEmbedder(t *testing.T) {
	embeddertest.TestEmbedder(t, newHashed())
}

// faults break one clause each; the value is the subtest that must fail.
var faults = map[string]struct {
	catches string
	spoil   func(*hashed)
}{
	"no revision": {"ID", func(h *hashed) { h.id.Revision = "" }},
	"not unit length": {"UnitOrZeros", func(h *hashed) {
		h.finish = func(_ int, _ []string, row []float32) { row[0] *= 1.01 }
	}},
	"always zeros": {"UnitOrZeros", func(h *hashed) {
		h.finish = func(_ int, _ []string, row []float32) { clear(row) }
	}},
	"one vector for all": {"TellsTextsApart", func(h *hashed) {
		h.finish = func(_ int, texts []string, row []float32) { clear(row); row[0] = 1 }
	}},
	"blank has a vector": {"BlankIsZeros", func(h *hashed) {
		h.finish = func(i int, texts []string, row []float32) {
			if texts[i] == "" {
				row[0] = 1
			}
		}
	}},
	"depends on the batch": {"AloneAsInABatch", func(h *hashed) {
		h.finish = func(_ int, texts []string, row []float32) { nudge(row, len(texts) == 1) }
	}},
	"depends on the place": {"AnyOrder", func(h *hashed) {
		h.finish = func(i int, _ []string, row []float32) { nudge(row, i%2 == 1) }
	}},
	"second copy differs": {"RepeatedTexts", func(h *hashed) {
		h.finish = func(i int, texts []string, row []float32) { nudge(row, i > 0 && texts[i] == texts[0]) }
	}},
	"depends on processors": {"AnyNumberOfProcessors", func(h *hashed) {
		h.finish = func(_ int, _ []string, row []float32) { nudge(row, runtime.GOMAXPROCS(0) == 3) }
	}},
	"no check of the shape": {"Shape", func(h *hashed) {
		h.shape = func(texts []string, dst []float32) error {
			if len(dst) < len(texts)*h.id.Dims {
				return embedder.ErrShape
			}
			return nil
		}
	}},
	"no texts refused": {"NoTexts", func(h *hashed) {
		h.shape = func(texts []string, dst []float32) error {
			if len(texts) == 0 {
				return embedder.ErrShape
			}
			return embedder.CheckShape(h.id, texts, dst)
		}
	}},
	"context ignored": {"EndedContext", func(h *hashed) {
		h.ended = func(context.Context) error { return nil }
	}},
	"writes NaN": {"Megabyte", func(h *hashed) {
		h.finish = func(i int, texts []string, row []float32) {
			if len(texts[i]) > 1e5 {
				row[0] = float32(math.NaN())
			}
		}
	}},
	"leaves a value unwritten": {"UnitOrZeros", func(h *hashed) {
		h.finish = func(_ int, _ []string, row []float32) { row[3] = float32(math.NaN()) }
	}},
	"writes past the end": {"UnitOrZeros", func(h *hashed) {
		h.finish = func(_ int, _ []string, row []float32) { row[:cap(row)][cap(row)-1] = 0 }
	}},
}

// nudge moves row by one unit in the last place when told to.
func nudge(row []float32, really bool) {
	if really && row[0] != 0 {
		row[0] = math.Nextafter32(row[0], 2)
	}
}

// A kit that passes anything proves nothing: each fault must turn the kit red,
// in a process of its own, in the subtest that is meant for it.
func TestKitCatchesFaults(t *testing.T) {
	const env = "EMBEDDERTEST_FAULT"
	if fault, ok := faults[os.Getenv(env)]; ok {
		h := newHashed()
		fault.spoil(&h)
		embeddertest.TestEmbedder(t, h)
		return
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKitCatchesFaults$", "-test.v")
			cmd.Env = append(os.Environ(), env+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatal("the kit passed")
			}
			if want := "--- FAIL: TestKitCatchesFaults/" + fault.catches; !strings.Contains(string(out), want) {
				t.Errorf("output lacks %q:\n%s", want, out)
			}
		})
	}
}
