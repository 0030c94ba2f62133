package lsa_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"marquee/embedder/embeddertest"
	"marquee/embedder/lsa"
)

// A model that knows a word knows the other ways of writing it.
func TestSameWord(t *testing.T) {
	for _, c := range []struct{ fitted, asked string }{
		{"heat", "HEAT"},
		{"Amélie", "amelie"},
		{"Ame\u0301lie", "Amélie"},
		{"Čapek", "capek"},
		{"Ångström", "angstrom"},
		{"СТАЛКЕР", "сталкер"},
		{"ﬁlming", "filming"},
		{"Ｈｅａｔ", "heat"},
		{"Amélie's", "amelie"},
		{"James'", "james"},
		{"Schindler's", "schindler"},
		{"Schindler’s", "schindler"},
		{"Schindler's-list", "SCHINDLER'S LIST"},
		{"don't-care", "dont care"},
		{"1917", "1917"},
		{"spider-man", "Spider Man"},
		{"千と千尋", "千と千尋"},
		{"千と千尋の神隠し", "神隠"},
		{"夢", "夢"},
		{"가나", "\u1100\u1161\u1102\u1161"}, // composed and not
		{strings.Repeat("x", 5000), strings.Repeat("x", 6000)},
		{strings.Repeat("é", 5000), strings.Repeat("é", 60)},
	} {
		m := mustFit(t, []string{c.fitted}, lsa.DefaultConfig())
		if got := mustEmbed(t, m, c.asked); !(got[0] > 0.99 || got[0] < -0.99) {
			t.Errorf("fitted on %.30q: vector of %.30q is %v, want unit length", c.fitted, c.asked, got)
		}
	}
}

func TestOtherWord(t *testing.T) {
	for _, c := range []struct{ fitted, asked string }{
		{"heat", "the of and"},
		{"heat", "cold"},
		{"lanterns", "lantern"},
		{"schindlers", "schindler's"},
		{"が", "か"}, // a mark that is no accent
		{"千と千尋", "尋千"},
		{"スター", "ー"},
	} {
		m := mustFit(t, []string{c.fitted}, lsa.DefaultConfig())
		if got := mustEmbed(t, m, c.asked); got[0] != 0 {
			t.Errorf("fitted on %q: vector of %q is %v, want zeros", c.fitted, c.asked, got)
		}
	}
}

func TestShared(t *testing.T) {
	texts := slices.Concat(topical(200, 4, 1), slices.Repeat([]string{"film common"}, 60), []string{
		"Amélie's LANTERN (1994) a film of a harbour", "the lantern of amelie, 1994, a film", "lantern lantern rare",
	})
	m := mustFit(t, texts, lsa.DefaultConfig())
	a, b := texts[len(texts)-3], texts[len(texts)-2]
	for _, c := range []struct {
		name string
		a, b string
		n    int
		want []string
	}{
		{"as they stand in a", a, b, 9, []string{"Amélie's", "LANTERN"}},
		{"as they stand in b", b, a, 9, []string{"amelie", "lantern"}},
		{"the best only", a, b, 1, []string{"Amélie's"}},
		{"common words and years explain nothing", "film 1994", "film 1994", 9, []string{}},
		{"none", a, "heat", 9, []string{}},
		{"empty", "", b, 9, []string{}},
		{"zero", a, b, 0, nil},
		{"negative", a, b, -1, nil},
	} {
		if got := m.Shared(c.a, c.b, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Shared words are distinct, stand in the first text, and are the same number
// whichever text comes first.
func TestSharedProperties(t *testing.T) {
	m := mustFit(t, embeddertest.Texts(), lsa.DefaultConfig())
	piece := rapid.OneOf(rapid.SampledFrom(strings.Fields(strings.Join(embeddertest.Texts(), " "))), rapid.String(), rapid.SampledFrom([]string{"\xff", "'", "’s", "千尋", " "}))
	text := rapid.Map(rapid.SliceOf(piece), func(p []string) string { return strings.Join(p, " ") })
	rapid.Check(t, func(t *rapid.T) {
		a, b, n := text.Draw(t, "a"), text.Draw(t, "b"), rapid.IntRange(-1, 10).Draw(t, "n")
		words := m.Shared(a, b, n)
		if len(words) > max(0, n) || len(words) != len(m.Shared(b, a, n)) {
			t.Fatalf("%q, but the other way round %q", words, m.Shared(b, a, n))
		}
		for i, w := range words {
			if w == "" || !utf8.ValidString(w) || !strings.Contains(a, w) || slices.Contains(words[:i], w) {
				t.Fatalf("word %d of %q is empty, repeated or not in %q", i, words, a)
			}
		}
	})
}

// Any bytes at all can be fitted on and embedded.
func FuzzWords(f *testing.F) {
	for _, text := range embeddertest.Texts() {
		f.Add(text, "Amélie 千と千尋 \xff\xfe don't")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		m := mustFit(t, []string{a, b}, lsa.DefaultConfig())
		for _, x := range mustEmbed(t, m, b, a, b+a) {
			if x-x != 0 {
				t.Fatalf("value %v in a vector", x)
			}
		}
		var file strings.Builder
		if _, err := m.WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		if _, err := lsa.Read(strings.NewReader(file.String())); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// Words that were only counted say the same as those of a model.
func TestCount(t *testing.T) {
	texts := []string{"a heist in space", "a heist in Rome", "space pirates", "a love story"}
	words, err := lsa.Count(t.Context(), texts, lsa.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	m, err := lsa.Fit(t.Context(), texts, lsa.DefaultConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range texts {
		for _, b := range texts {
			if got, want := words.Shared(a, b, 3), m.Shared(a, b, 3); !slices.Equal(got, want) {
				t.Errorf("%q and %q share %q, by the model %q", a, b, got, want)
			}
		}
	}
	if got := words.Shared(texts[0], texts[1], 3); !slices.Equal(got, []string{"heist"}) {
		t.Errorf("shared: %q, want heist", got)
	}
	if _, err := lsa.Count(t.Context(), texts, lsa.Config{}); err == nil {
		t.Error("a zero Config was taken")
	}
}
