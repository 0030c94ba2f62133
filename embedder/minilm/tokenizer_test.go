package minilm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// words returns the tokens of text by name, without [CLS] and [SEP].
func words(t testing.TB, tokens []string, limit int, text string) []string {
	t.Helper()
	ids := newTokenizer(mustVocabulary(t, tokens...), limit).encode(nil, text)
	if len(ids) < 2 || tokens[ids[0]] != clsToken || tokens[ids[len(ids)-1]] != sepToken {
		t.Fatalf("ids of %.40q are %v, want them between [CLS] and [SEP]", text, ids)
	}
	var names []string
	for _, id := range ids[1 : len(ids)-1] {
		names = append(names, tokens[id])
	}
	return names
}

func TestTokenizer(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" \t\r\n\u00a0\u3000\u2028", ""},
		{"film", "film"},
		{"films played replayed", "film ##s play ##ed r ##e ##play ##ed"},
		{"FILM Films", "film film ##s"},
		{"unplay", "un ##play"},
		{"un-play", "un - play"},
		{"a+b=c", "a + b = c"},
		{"Amélie Ame\u0301lie AM\u00c9LIE", "amelie amelie amelie"},
		{"Ａ", "[UNK]"},
		{"電影", "電 影"},
		{"a電b影", "a 電 b 影"},
		{"a—b", "a — b"},
		{"film\u2014s", "film — s"},
		{"fi\u200blm fi\u0000lm fi\u00adlm fi\ufffdlm fi\x07lm", "film film film film film"},
		{"fi\xfflm \xc3( \xed\xa0\x80", "film ("},
		{"日 film", "[UNK] film"},
		{"fi日lm", "f ##i [UNK] l ##m"},
		{"fiелm film", "[UNK] film"},
		{"a[MASK]b [mask] [SEP", "a [MASK] b [ m ##a ##s ##k ] [ s ##e ##p"},
		{"[CLS][SEP][PAD][UNK]", "[CLS] [SEP] [PAD] [UNK]"},
		{strings.Repeat("é", 100), strings.TrimSpace("e" + strings.Repeat(" ##e", 99))},
		{strings.Repeat("é", 101) + " film", "[UNK] film"},
		{strings.Repeat("x", 101) + ".", "[UNK] ."},
		{strings.Repeat("\u0301", 1000) + "film" + strings.Repeat("\u0301", 1000), "film"},
		{"\u0301", ""},
		{"가", "[UNK]"},
		{"g\u2060o\ue000o\U000F0000d", "g ##o ##o ##d"},
	} {
		if got := strings.Join(words(t, smallVocabulary(), 256, c.text), " "); got != c.want {
			t.Errorf("%.60q is %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTokenizerLimit(t *testing.T) {
	for _, limit := range []int{2, 3, 4, 10, 256} {
		for _, text := range []string{strings.Repeat("film ", 1000), strings.Repeat("abc", 1000), "films " + strings.Repeat("電", 500), strings.Repeat("[MASK]", 300)} {
			if got := words(t, smallVocabulary(), limit, text); len(got) > limit-2 {
				t.Errorf("limit %d: %.20q has %d tokens besides the specials", limit, text, len(got))
			}
		}
	}
	if got := words(t, smallVocabulary(), 5, "film films film"); !slices.Equal(got, []string{"film", "film", "##s"}) {
		t.Errorf("three tokens of four are %v", got)
	}
	if got := words(t, smallVocabulary(), 4, "film films"); !slices.Equal(got, []string{"film", "film"}) {
		t.Errorf("cut inside a word: %v", got)
	}
}

// A megabyte costs no more than the tokens that count: the rest is not read. A
// text that is one word is read but kept nowhere.
func TestTokenizerKeepsNoLargeBuffers(t *testing.T) {
	tok := newTokenizer(mustVocabulary(t, smallVocabulary()...), 256)
	for _, text := range []string{strings.Repeat("x", 1<<20), strings.Repeat("é", 1<<19), strings.Repeat("\u0301", 1<<19), strings.Repeat("film ", 1<<18)} {
		tok.encode(nil, text)
		if n := cap(tok.word) + cap(tok.nfd) + cap(tok.piece); n > 3*keptWordBytes {
			t.Errorf("after %.10q... the tokenizer keeps %d bytes, want at most %d", text, n, 3*keptWordBytes)
		}
		if n := cap(tok.ids); n > 2048 {
			t.Errorf("after %.10q... the tokenizer keeps %d ids", text, n)
		}
	}
}

func TestSpeaks(t *testing.T) {
	tok := newTokenizer(mustVocabulary(t, smallVocabulary()...), 256)
	for text, want := range map[string]bool{"": false, " ": false, "日": false, "[MASK] [PAD] 日": false, "日 a": true, "!": true, "film": true} {
		if got := tok.speaks(tok.encode(nil, text)); got != want {
			t.Errorf("speaks(%q) is %v, want %v", text, got, want)
		}
	}
}

// A lower limit cuts, and changes nothing before the cut.
func TestTokenizerCuts(t *testing.T) {
	v := mustVocabulary(t, smallVocabulary()...)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("film sé\u0301電—[MASK]")))).Draw(t, "text")
		limit := rapid.IntRange(2, 40).Draw(t, "limit")
		all := newTokenizer(v, 1<<20).encode(nil, text)
		if len(all) > limit {
			all = append(all[:limit-1:limit-1], all[len(all)-1])
		}
		if got := newTokenizer(v, limit).encode(nil, text); !slices.Equal(got, all) {
			t.Fatalf("with limit %d: %v, want %v", limit, got, all)
		}
	})
}

func FuzzTokenizer(f *testing.F) {
	for _, text := range []string{"", "films", "A\u0301[MASK]\xff", "[MASK\xff]", "電\u200b影", "\u0344가"} {
		f.Add(text)
	}
	v := mustVocabulary(f, smallVocabulary()...)
	f.Fuzz(func(t *testing.T, text string) {
		tok := newTokenizer(v, 20)
		ids := tok.encode(nil, text)
		if len(ids) < 2 || len(ids) > 20 || ids[0] != tok.cls || ids[len(ids)-1] != tok.sep {
			t.Fatalf("ids of %q are %v", text, ids)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= v.size {
				t.Fatalf("ids of %q are %v, past the vocabulary", text, ids)
			}
		}
		// Invalid bytes read as U+FFFD, which is passed over. To take them out instead
		// could make a special token of "[MASK\xff]".
		if again := tok.encode(nil, strings.ToValidUTF8(text, "\uFFFD")); !slices.Equal(ids, again) {
			t.Fatalf("ids of %q are %v, with its invalid bytes as U+FFFD %v", text, ids, again)
		}
	})
}

// Every character, between two letters, becomes the words that the reference
// tokenizer makes, but for some 620 that came or changed after Unicode 8.
func TestEveryCharacter(t *testing.T) {
	if n := len(exceptions(t)); n > 640 {
		t.Errorf("%d characters differ from the reference, want at most 640", n)
	}
}

// exceptions returns the characters with which tokenizer and reference differ.
func exceptions(t *testing.T) (differ []rune) {
	t.Helper()
	tok := newTokenizer(mustVocabulary(t, padToken, unkToken, clsToken, sepToken, maskToken), 256)
	checked := 0
	for lines := unzip(t, "characters.txt.gz"); lines.Scan(); {
		var first, last rune
		text := lines.Text()
		if _, err := fmt.Sscanf(text, "%X %X", &first, &last); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		how := strings.SplitN(text, " ", 3)[2]
		for r := first; r <= last; r++ {
			if !utf8.ValidRune(r) {
				continue
			}
			checked++
			if got, want := split(tok, r, how); !slices.Equal(got, want) {
				differ = append(differ, r)
			}
		}
	}
	if checked != 0x110000-0x800 {
		t.Errorf("compared %d characters, want all %d", checked, 0x110000-0x800)
	}
	return differ
}

// split returns the ids of "a" + r + "b", and those of the words that how asks
// for, by a vocabulary of just these words.
func split(tok *tokenizer, r rune, how string) (got, want []int32) {
	var expect []string
	switch how {
	case "keep":
		expect = []string{"a" + string(r) + "b"}
	case "drop":
		expect = []string{"ab"}
	case "space":
		expect = []string{"a", "b"}
	case "single":
		expect = []string{"a", string(r), "b"}
	default:
		expect = strings.Split(how[1:], " ")
	}
	clear(tok.vocab.heads)
	tok.vocab.longest = 0
	want = append(want, tok.cls)
	for i, word := range expect {
		tok.vocab.heads[word] = int32(10 + i)
		tok.vocab.longest = max(tok.vocab.longest, len(word))
		want = append(want, int32(10+i))
	}
	return tok.encode(nil, "a"+string(r)+"b"), append(want, tok.sep)
}

func TestVocabularyRefuses(t *testing.T) {
	full := []string{padToken, unkToken, clsToken, sepToken, maskToken}
	for name, tokens := range map[string][]string{
		"nothing":          nil,
		"no mask":          full[:4],
		"a duplicate":      append(slices.Clone(full), "film", "film"),
		"a duplicate tail": append(slices.Clone(full), "##s", "##s"),
	} {
		if _, err := parseVocabulary([]byte(strings.Join(tokens, "\n"))); err == nil {
			t.Errorf("a vocabulary with %s is taken", name)
		}
	}
	if v := mustVocabulary(t, append(slices.Clone(full), "##", "#", "s", "##s")...); v.size != 9 || v.tails["s"] != 8 || v.heads["##"] != 5 {
		t.Errorf("vocabulary is %+v", v)
	}
}

func BenchmarkTokenizer(b *testing.B) {
	m := openModel(b)
	tok := newTokenizer(m.vocab, m.weights.tokens)
	text := "Le Fabuleux Destin d'Amélie Poulain: a shy waitress in Montmartre decides to change the lives of those around her for the better, while struggling with her own isolation."
	b.SetBytes(int64(len(text)))
	var ids []int32
	for b.Loop() {
		ids = tok.encode(ids[:0], text)
	}
	b.ReportMetric(float64(len(ids)), "tokens")
}
