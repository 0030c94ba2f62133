package lsa_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"marquee/embedder/embeddertest"
	"marquee/embedder/lsa"
	"marquee/embedder/vec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustFit(t testing.TB, texts []string, cfg lsa.Config) *lsa.Model {
	t.Helper()
	m, err := lsa.Fit(t.Context(), texts, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustEmbed(t testing.TB, m *lsa.Model, texts ...string) []float32 {
	t.Helper()
	dst := make([]float32, len(texts)*m.ID().Dims)
	if err := m.Embed(t.Context(), texts, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// topical returns n texts, each about one of the given number of topics: half
// of its words are its topic's own. The topic of text i is i%topics.
func topical(n, topics int, seed uint64) []string {
	random := rand.New(rand.NewPCG(seed, 1))
	texts := make([]string, n)
	for i := range texts {
		var words []string
		for range 30 {
			if random.IntN(2) == 0 {
				words = append(words, fmt.Sprintf("topic%dword%d", i%topics, random.IntN(20)))
			} else {
				words = append(words, fmt.Sprintf("word%d", random.IntN(2000)))
			}
		}
		texts[i] = strings.Join(words, " ")
	}
	return texts
}

func TestConforms(t *testing.T) {
	for name, rank := range map[string]int{"full rank": 256, "rank 3": 3} {
		t.Run(name, func(t *testing.T) {
			cfg := lsa.DefaultConfig()
			cfg.Rank = rank
			embeddertest.TestEmbedder(t, mustFit(t, embeddertest.Texts(), cfg))
		})
	}
}

// Texts of one topic are nearest to each other, and so is a new text of the
// topic, of which the model has seen nothing but the words.
func TestTopicsAreFound(t *testing.T) {
	const topics = 10
	for _, cfg := range []func(*lsa.Config){
		func(*lsa.Config) {},
		func(c *lsa.Config) { c.Sweeps = 3 },
		func(c *lsa.Config) { c.Power = 0.5 },
		func(c *lsa.Config) { c.Oversample = 0 },
		func(c *lsa.Config) { c.Lead = 0 },
	} {
		c := lsa.DefaultConfig()
		c.Rank = 20
		cfg(&c)
		m := mustFit(t, topical(400, topics, 1), c)
		old, fresh := mustEmbed(t, m, topical(400, topics, 1)...), mustEmbed(t, m, topical(40, topics, 99)...)
		dims := m.ID().Dims
		wrong := 0
		for i := range 40 {
			q := append(slices.Clone(fresh[i*dims:(i+1)*dims]), old...)
			for _, j := range nearest(q, dims, 0, 5) {
				if (j-1)%topics != i%topics {
					wrong++
				}
			}
		}
		if wrong > 4 { // of 200; chance would give 180
			t.Errorf("%+v: %d of 200 neighbours of new texts are of another topic, want at most 4", c, wrong)
		}
	}
}

// The same bits at any number of processors; other bits, and another ID, for
// another seed, configuration or text.
func TestDeterministic(t *testing.T) {
	texts := topical(1500, 12, 3)
	cfg := lsa.DefaultConfig()
	cfg.Rank = 32
	file := func(texts []string, cfg lsa.Config) string {
		var b bytes.Buffer
		if _, err := mustFit(t, texts, cfg).WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	want := file(texts, cfg)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(n)
		if file(texts, cfg) != want {
			t.Errorf("other bits on %d processors", n)
		}
	}
	ids := map[string]string{mustFit(t, texts, cfg).ID().Revision: "the first"}
	for name, change := range map[string]func(*lsa.Config){
		"seed":  func(c *lsa.Config) { c.Seed++ },
		"power": func(c *lsa.Config) { c.Power = 0.5 },
		"lead":  func(c *lsa.Config) { c.Lead = 2 },
	} {
		c := cfg
		change(&c)
		revision := mustFit(t, texts, c).ID().Revision
		if other, taken := ids[revision]; taken {
			t.Errorf("revision %s of another %s is that of %s", revision, name, other)
		}
		ids[revision] = name
	}
	seeded := cfg
	seeded.Seed++
	if slices.Equal(mustEmbed(t, mustFit(t, texts, seeded), texts[0]), mustEmbed(t, mustFit(t, texts, cfg), texts[0])) {
		t.Error("the seed does not matter")
	}
	other := append(slices.Clone(texts[1:]), "something else")
	if revision := mustFit(t, other, cfg).ID().Revision; ids[revision] != "" {
		t.Errorf("revision %s of other texts is that of %s", revision, ids[revision])
	}
}

// Every kernel path gives nearly the same vectors.
func TestPathsAgree(t *testing.T) {
	was := vec.Path()
	defer func() { _ = vec.Use(was) }()
	texts := topical(300, 5, 4)
	cfg := lsa.DefaultConfig()
	cfg.Rank = 8
	var first []float32
	for _, path := range vec.Paths() {
		if err := vec.Use(path); err != nil {
			t.Fatal(err)
		}
		m := mustFit(t, texts, cfg)
		got, dims := mustEmbed(t, m, texts...), m.ID().Dims
		if first == nil {
			first = got
		}
		for i := range 50 {
			a := vec.Dot(first[:dims], first[i*dims:(i+1)*dims])
			b := vec.Dot(got[:dims], got[i*dims:(i+1)*dims])
			if math.Abs(float64(a-b)) > 1e-3 {
				t.Errorf("path %s: cosine of texts 0 and %d is %v, on path %s %v", path, i, b, vec.Paths()[0], a)
			}
		}
	}
}

func TestSmallCorpora(t *testing.T) {
	same := slices.Repeat([]string{"heat is a crime film about heat"}, 200)
	for _, c := range []struct {
		name  string
		texts []string
		dims  int
		zeros bool // the vectors of the texts
	}{
		{"no texts", nil, 1, true},
		{"one text", []string{"Toy Story (1995)"}, 1, false},
		{"two texts", []string{"Toy Story", "Heat"}, 2, false},
		{"one text often", same[:3], 1, false},
		{"one text 200 times", same, 1, false},
		{"two texts 100 times each", append(slices.Repeat([]string{"alien ship"}, 100), same[:100]...), 2, false},
		{"all empty", make([]string, 300), 1, true},
		{"only stop words", []string{"the of and", "a"}, 1, true},
		{"only signs", []string{"!!! ???", "🎬", "\xff\xfe"}, 1, true},
		{"five texts eight times each", slices.Repeat(embeddertest.Texts()[:5], 8), 5, false},
		{"300 unique words each once", numberedTexts(300), 256, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustFit(t, c.texts, lsa.DefaultConfig())
			if m.ID().Dims != c.dims || m.Texts() != len(c.texts) {
				t.Errorf("fitted on %d texts with %d dimensions, want %d and %d", m.Texts(), m.ID().Dims, len(c.texts), c.dims)
			}
			if zeros := m.Terms() == 0; zeros != c.zeros {
				t.Errorf("%d terms, want none: %v", m.Terms(), c.zeros)
			}
			for i, x := range mustEmbed(t, m, append(slices.Clone(c.texts), "", "unheard of")...) {
				if x-x != 0 || c.zeros && x != 0 {
					t.Fatalf("value %d is %v", i, x)
				}
			}
			for _, text := range c.texts {
				if row := mustEmbed(t, m, text); !c.zeros && vec.Dot(row, row) < 0.99 {
					t.Fatalf("vector of %q is %v, want unit length", text, row)
				}
			}
		})
	}
}

func numberedTexts(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("unique%d", i)
	}
	return texts
}

func TestVocabularyIsBounded(t *testing.T) {
	var texts []string
	for i := range 200 {
		text := "everywhere once" + fmt.Sprint(i)
		if i%2 == 0 {
			text += " half"
		}
		if i%10 == 0 {
			text += " tenth"
		}
		texts = append(texts, text)
	}
	for _, c := range []struct {
		max, min int
		share    float64
		known    string // by the model
		unknown  string
	}{
		{60_000, 2, 0.5, "half tenth", "everywhere once7"},
		{60_000, 2, 0.2, "tenth", "half everywhere once7"},
		{60_000, 1, 1, "everywhere half tenth once7", "nothing"},
		{1, 1, 0.5, "half", "tenth once7 everywhere"},
		{2, 1, 1, "everywhere half", "tenth once7"},
		{60_000, 190, 0.001, "everywhere half tenth once7", "nothing"}, // nothing would remain, so all does
	} {
		cfg := lsa.DefaultConfig()
		cfg.MaxTerms, cfg.MinTexts, cfg.MaxShare = c.max, c.min, c.share
		m := mustFit(t, texts, cfg)
		for term := range strings.FieldsSeq(c.known) {
			if row := mustEmbed(t, m, term); vec.Dot(row, row) == 0 {
				t.Errorf("%d terms of %d texts to share %v: %q is not known", c.max, c.min, c.share, term)
			}
		}
		for term := range strings.FieldsSeq(c.unknown) {
			if row := mustEmbed(t, m, term); vec.Dot(row, row) != 0 {
				t.Errorf("%d terms of %d texts to share %v: %q is known", c.max, c.min, c.share, term)
			}
		}
	}
}

// Worked by hand. At full rank and power 1 nothing is lost: the cosine is that of
// the tf-idf weights. alpha and gamma stand in one of two texts, idf 1+ln(3/2);
// beta in both, idf 1. At power 0 two texts of two dimensions are orthogonal.
func TestCosinesByHand(t *testing.T) {
	texts := []string{"alpha beta", "beta gamma"}
	rare := 1 + math.Log(1.5)
	for power, want := range map[float64]float64{1: 1 / (1 + rare*rare), 0: 0} {
		cfg := lsa.DefaultConfig()
		cfg.Power, cfg.Lead = power, 0
		v := mustEmbed(t, mustFit(t, texts, cfg), texts...)
		if got := float64(vec.Dot(v[:2], v[2:])); math.Abs(got-want) > 1e-5 {
			t.Errorf("power %v: cosine of %q is %v, want %v", power, texts, got, want)
		}
	}
}

// What a text says first weighs more: two texts that begin alike are nearer
// than two that end alike.
func TestLeadWeighsMore(t *testing.T) {
	texts := []string{
		"alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu",
		"alpha beta nu xi omicron pi rho sigma tau upsilon phi chi",
		"psi omega red green blue white black grey pink brown lambda mu",
	}
	cosines := func(lead float64) (first, last float32) {
		cfg := lsa.DefaultConfig()
		cfg.Lead = lead
		m := mustFit(t, texts, cfg)
		v, d := mustEmbed(t, m, texts...), m.ID().Dims
		return vec.Dot(v[:d], v[d:2*d]), vec.Dot(v[:d], v[2*d:])
	}
	if first, last := cosines(0); math.Abs(float64(first-last)) > 1e-4 {
		t.Errorf("without lead the cosines are %v and %v, want them equal", first, last)
	}
	if first, last := cosines(1.5); first < last+0.1 {
		t.Errorf("with lead the cosines are %v and %v, want the first clearly greater", first, last)
	}
}

func TestFitProgress(t *testing.T) {
	for _, texts := range [][]string{nil, {""}, topical(50, 3, 1)} {
		last, calls := 0, 0
		cfg := lsa.DefaultConfig()
		cfg.Sweeps = 4
		if _, err := lsa.Fit(t.Context(), texts, cfg, func(done, total int) {
			if done != last+1 || total != 7 {
				t.Errorf("progress %d of %d after %d", done, total, last)
			}
			last = done
			calls++
		}); err != nil {
			t.Fatal(err)
		}
		if last != 7 {
			t.Errorf("%d texts: last progress is %d of 7", len(texts), last)
		}
	}
}

// A context that ends stops Fit at whatever step it stands.
func TestFitStops(t *testing.T) {
	texts := topical(300, 5, 2)
	for stop := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		if stop == 0 {
			cancel()
		}
		_, err := lsa.Fit(ctx, texts, lsa.DefaultConfig(), func(done, _ int) {
			if done == stop {
				cancel()
			}
		})
		if stop < 3 && !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after step %d: error is %v, want context.Canceled", stop, err)
		}
		cancel()
	}
}

func TestConfigValidate(t *testing.T) {
	if err := lsa.DefaultConfig().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
	bad := lsa.Config{MaxTerms: -1, MaxShare: math.NaN(), Lead: -1, LeadSpan: math.Inf(1), Power: 2, Oversample: -1}
	err := bad.Validate()
	for _, field := range []string{"rank", "max_terms", "min_texts", "max_share", "lead ", "lead_span", "power", "oversample", "sweeps"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error lacks %q: %v", field, err)
		}
	}
	if _, err := lsa.Fit(t.Context(), nil, bad, nil); err == nil {
		t.Error("Fit took a configuration that is out of range")
	}
}
