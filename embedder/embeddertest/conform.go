package embeddertest

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/embedder"
)

// TestEmbedder checks the contract of [embedder.Embedder] on e: the ID, rows of
// unit length or zeros, the same bits for a text alone and in any batch, order,
// goroutine and number of processors, the shape of the destination, ended
// contexts, and texts that are empty, huge or not valid UTF-8. At least half of
// [Texts] must have a vector that is not zeros. It embeds some 400 short texts
// and two of 1 MB.
func TestEmbedder(t *testing.T, e embedder.Embedder) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, embedder.Embedder)
	}{
		{"ID", testID},
		{"UnitOrZeros", testUnit},
		{"TellsTextsApart", testApart},
		{"BlankIsZeros", testBlank},
		{"AloneAsInABatch", testAlone},
		{"AnyOrder", testOrder},
		{"RepeatedTexts", testRepeated},
		{"AnyNumberOfProcessors", testProcessors},
		{"Concurrently", testConcurrent},
		{"Shape", testShape},
		{"NoTexts", testNone},
		{"EndedContext", testEnded},
		{"ContextEndsMeanwhile", testEnding},
		{"Megabyte", testMegabyte},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, e) })
	}
}

func testID(t *testing.T, e embedder.Embedder) {
	id := e.ID()
	if id.Model == "" || id.Revision == "" || id.Precision == "" || id.Dims < 1 {
		t.Errorf("ID is %+v, want all four parts set and at least one dimension", id)
	}
	if again := e.ID(); again != id {
		t.Errorf("ID is %s, then %s", id, again)
	}
}

func testUnit(t *testing.T, e embedder.Embedder) {
	texts := append(Texts(), hard()...)
	rows := embed(t, e, texts)
	for i, text := range texts {
		checkRow(t, text, rows[i])
	}
	said := 0
	for i := range Texts() {
		if !isZero(rows[i]) {
			said++
		}
	}
	if said*2 < len(Texts()) {
		t.Errorf("%d of the kit's %d plain texts have a vector that is not zeros, want at least half", said, len(Texts()))
	}
}

// Distinct texts about distinct things may not all fall together: an embedder
// that answers one constant vector would pass every other test.
func testApart(t *testing.T, e embedder.Embedder) {
	distinct := make(map[string]bool)
	for _, row := range embed(t, e, Texts()) {
		distinct[bits(row)] = true
	}
	if len(distinct) < 2 {
		t.Errorf("%d plain texts have %d distinct vectors, want at least 2", len(Texts()), len(distinct))
	}
}

func testBlank(t *testing.T, e embedder.Embedder) {
	texts := append(blank(), Texts()[0], "")
	rows := embed(t, e, texts)
	for i, text := range texts {
		if strings.TrimSpace(text) == "" && !isZero(rows[i]) {
			t.Errorf("vector of %q is not zeros", text)
		}
	}
}

func testAlone(t *testing.T, e embedder.Embedder) {
	texts := all()
	together := embed(t, e, texts)
	for i, text := range texts {
		if alone := embed(t, e, []string{text})[0]; bits(alone) != bits(together[i]) {
			t.Errorf("%.40q has other bits alone than in a batch of %d", text, len(texts))
		}
	}
}

func testOrder(t *testing.T, e embedder.Embedder) {
	texts := all()
	want := byText(t, e, texts)
	n := len(texts)
	for _, step := range []int{n - 1, 7} { // backwards; and a stride
		for gcd(step, n) != 1 {
			step++
		}
		mixed := make([]string, n)
		for i := range mixed {
			mixed[i] = texts[(i*step+1)%n] // +1, so that odd places become even ones
		}
		for i, row := range embed(t, e, mixed) {
			if bits(row) != want[mixed[i]] {
				t.Errorf("%.40q has other bits in another order (step %d)", mixed[i], step)
			}
		}
	}
}

func testRepeated(t *testing.T, e embedder.Embedder) {
	text := Texts()[2]
	rows := embed(t, e, []string{text, Texts()[5], text, "", text})
	for _, i := range []int{2, 4} {
		if bits(rows[i]) != bits(rows[0]) {
			t.Errorf("a text that stands three times in a batch has other bits at place %d than at place 0", i)
		}
	}
}

func testProcessors(t *testing.T, e embedder.Embedder) {
	texts := all()
	want := byText(t, e, texts)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 3} {
		runtime.GOMAXPROCS(n)
		for i, row := range embed(t, e, texts) {
			if bits(row) != want[texts[i]] {
				t.Errorf("%.40q has other bits on %d processors", texts[i], n)
			}
		}
	}
}

func testConcurrent(t *testing.T, e embedder.Embedder) {
	texts := all()
	want := byText(t, e, texts)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			mine := append(append([]string(nil), texts[g*3:]...), texts[:g*3]...)
			dst := make([]float32, len(mine)*e.ID().Dims)
			if err := e.Embed(context.Background(), mine, dst); err != nil {
				t.Errorf("goroutine %d: %v", g, err)
				return
			}
			for i, row := range split(dst, len(mine)) {
				if bits(row) != want[mine[i]] {
					t.Errorf("goroutine %d: %.40q has other bits", g, mine[i])
				}
			}
		})
	}
	wg.Wait()
}

func testShape(t *testing.T, e embedder.Embedder) {
	dims := e.ID().Dims
	for _, c := range []struct {
		name   string
		texts  []string
		values int
	}{
		{"one value short", Texts()[:2], 2*dims - 1},
		{"one value long", Texts()[:2], 2*dims + 1},
		{"one row short", Texts()[:2], dims},
		{"no room", Texts()[:1], 0},
		{"room but no text", nil, dims},
	} {
		if err := e.Embed(t.Context(), c.texts, make([]float32, c.values)); !errors.Is(err, embedder.ErrShape) {
			t.Errorf("%s: error is %v, want one that wraps ErrShape", c.name, err)
		}
	}
}

func testNone(t *testing.T, e embedder.Embedder) {
	if err := e.Embed(t.Context(), nil, nil); err != nil {
		t.Errorf("no texts: %v", err)
	}
	if err := e.Embed(t.Context(), []string{}, []float32{}); err != nil {
		t.Errorf("empty list of texts: %v", err)
	}
}

func testEnded(t *testing.T, e embedder.Embedder) {
	dst := make([]float32, len(Texts())*e.ID().Dims)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Embed(cancelled, Texts(), dst); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled context: error is %v, want context.Canceled", err)
	}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	if err := e.Embed(late, Texts(), dst); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("context past its deadline: error is %v, want context.DeadlineExceeded", err)
	}
}

// A context that ends while Embed works gives its error, or the work was done
// before Embed saw it; and the embedder is fit for use afterwards.
func testEnding(t *testing.T, e embedder.Embedder) {
	texts := all()
	want := byText(t, e, texts)
	for _, wait := range []time.Duration{0, 100 * time.Microsecond, 3 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		dst := make([]float32, len(texts)*e.ID().Dims)
		err := e.Embed(ctx, texts, dst)
		cancel()
		switch {
		case err == nil:
			for i, row := range split(dst, len(texts)) {
				if bits(row) != want[texts[i]] {
					t.Errorf("%.40q has other bits under a context of %v, and no error", texts[i], wait)
				}
			}
		case !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("context of %v: error is %v, want nil or context.DeadlineExceeded", wait, err)
		}
	}
	if got := embed(t, e, texts[:1])[0]; bits(got) != want[texts[0]] {
		t.Errorf("%.40q has other bits after contexts have ended", texts[0])
	}
}

func testMegabyte(t *testing.T, e embedder.Embedder) {
	texts := []string{
		strings.Repeat(strings.Join(Texts(), " ")+" ", 1<<20/len(strings.Join(Texts(), " "))),
		strings.Repeat("\xf0", 1<<20),
		Texts()[0],
	}
	rows := embed(t, e, texts)
	for i, text := range texts {
		checkRow(t, text, rows[i])
	}
	if alone := embed(t, e, texts[2:])[0]; bits(alone) != bits(rows[2]) {
		t.Error("a short text has other bits beside two of 1 MB")
	}
}

// embed returns the rows of texts. It fails the test when Embed fails, leaves a
// value unwritten, or writes past the end of the destination.
func embed(t *testing.T, e embedder.Embedder, texts []string) [][]float32 {
	t.Helper()
	n := len(texts) * e.ID().Dims
	buf := make([]float32, n+16)
	for i := range buf {
		buf[i] = float32(math.NaN())
	}
	if err := e.Embed(t.Context(), texts, buf[:n]); err != nil {
		t.Fatalf("embed %d texts: %v", len(texts), err)
	}
	for i, x := range buf[:n] {
		if x != x {
			t.Fatalf("value %d of the vector of %.40q is NaN or was not written", i%e.ID().Dims, texts[i/e.ID().Dims])
		}
	}
	for i, x := range buf[n:] {
		if x == x {
			t.Fatalf("value %d past the end of the destination was written", i)
		}
	}
	return split(buf[:n], len(texts))
}

func byText(t *testing.T, e embedder.Embedder, texts []string) map[string]string {
	t.Helper()
	rows := embed(t, e, texts)
	out := make(map[string]string, len(texts))
	for i, text := range texts {
		out[text] = bits(rows[i])
	}
	return out
}
