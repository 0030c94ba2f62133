package minilm

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxWordRunes  = 100     // a longer word is [UNK], as in BERT
	keptWordBytes = 1 << 12 // a tokenizer keeps no larger buffer from text to text
)

// A tokenizer cuts texts into token ids as BERT's uncased tokenizer does:
// control characters dropped, CJK ideographs taken apart, canonical
// decomposition, accents (category Mn) dropped, lower case, punctuation cut off,
// then each word into the longest pieces that the vocabulary has. It holds
// buffers: one goroutine at a time.
type tokenizer struct {
	vocab    *vocabulary
	cls, sep int32
	unk      int32
	limit    int // tokens at most, the two specials included

	ids   []int32 // of the text at hand
	word  []byte  // the word at hand, as it stands in the text; ASCII in lower case
	ascii bool    // word has no other characters
	nfd   []byte  // word decomposed
	piece []byte  // part of nfd between punctuation, without accents, in lower case
}

func newTokenizer(v *vocabulary, limit int) *tokenizer {
	return &tokenizer{
		vocab: v, limit: limit, ascii: true,
		cls: v.special[clsToken], sep: v.special[sepToken], unk: v.special[unkToken],
	}
}

// encode appends the ids of text to dst: [CLS], the text's tokens, [SEP]. It
// reads no further than the limit needs, O(bytes read).
func (t *tokenizer) encode(dst []int32, text string) []int32 {
	t.ids = append(t.ids[:0], t.cls)
	for i := 0; i < len(text) && !t.full(); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		} else if r == '[' {
			if id, n := t.specialAt(text[i:]); n > 0 {
				t.endWord()
				t.ids = append(t.ids, id)
				i += n
				continue
			}
		}
		t.take(r)
		i += size
	}
	t.endWord()
	dst = append(dst, t.ids[:min(len(t.ids), t.limit-1)]...)
	t.shrink()
	return append(dst, t.sep)
}

// full reports that the text at hand has all the tokens that it may have.
func (t *tokenizer) full() bool { return len(t.ids) >= t.limit-1 }

// specialAt returns the special token that text begins with and its length, or
// a length of 0.
func (t *tokenizer) specialAt(text string) (id int32, n int) {
	for token, id := range t.vocab.special {
		if len(text) >= len(token) && text[:len(token)] == token {
			return id, len(token)
		}
	}
	return 0, 0
}

// take adds one character of the text to the word at hand, or ends the word.
// A byte that is no valid UTF-8 comes as U+FFFD and is dropped.
func (t *tokenizer) take(r rune) {
	if r < utf8.RuneSelf {
		switch asciiClasses[r] {
		case letter:
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			t.word = append(t.word, byte(r))
		case single:
			t.endWord()
			t.word = append(t.word, byte(r))
			t.endWord()
		case space:
			t.endWord()
		}
		return
	}
	switch classOf(r) {
	case letter:
		t.word, t.ascii = utf8.AppendRune(t.word, r), false
	case single:
		t.endWord()
		t.word, t.ascii = utf8.AppendRune(t.word, r), false
		t.endWord()
	case space:
		t.endWord()
	}
}

// endWord appends the tokens of the word at hand and begins an empty one. A
// word is decomposed as a whole, so that its marks get their canonical order.
func (t *tokenizer) endWord() {
	switch {
	case len(t.word) == 0:
	case t.ascii:
		t.pieces(t.word)
	default:
		t.endForeign()
	}
	t.word, t.ascii = t.word[:0], true
}

// endForeign appends the tokens of a word that is not all ASCII.
func (t *tokenizer) endForeign() {
	t.nfd = norm.NFD.Append(t.nfd[:0], t.word...)
	t.piece = t.piece[:0]
	for i := 0; i < len(t.nfd) && !t.full(); {
		r, size := utf8.DecodeRune(t.nfd[i:])
		i += size
		if r >= utf8.RuneSelf && unicode.Is(unicode.Mn, r) {
			continue
		}
		r = unicode.ToLower(r)
		if isPunctuation(r) {
			t.pieces(t.piece)
			t.piece = utf8.AppendRune(t.piece[:0], r)
			t.pieces(t.piece)
			t.piece = t.piece[:0]
			continue
		}
		t.piece = utf8.AppendRune(t.piece, r)
	}
	t.pieces(t.piece)
}

// pieces appends the tokens of one word: the longest piece that the vocabulary
// has, then the longest that continues it, and so on; [UNK] alone when that
// leads nowhere or the word is too long (WordPiece; Wu et al. 2016, section 4.1).
func (t *tokenizer) pieces(word []byte) {
	if len(word) == 0 {
		return
	}
	if len(word) > maxWordRunes && utf8.RuneCount(word) > maxWordRunes {
		t.ids = append(t.ids, t.unk)
		return
	}
	first := len(t.ids)
	from := t.vocab.heads
	for len(word) > 0 {
		id, n := longest(from, word, t.vocab.longest)
		if n == 0 {
			t.ids = append(t.ids[:first], t.unk)
			return
		}
		t.ids = append(t.ids, id)
		word = word[n:]
		from = t.vocab.tails
	}
}

// longest returns the longest piece that word begins with, and its bytes; 0
// when there is none. No piece has more than limit bytes.
func longest(pieces map[string]int32, word []byte, limit int) (id int32, n int) {
	for n = min(len(word), limit); n > 0; n-- {
		if n < len(word) && !utf8.RuneStart(word[n]) {
			continue
		}
		if id, ok := pieces[string(word[:n])]; ok {
			return id, n
		}
	}
	return 0, 0
}

// shrink lets go of buffers that one huge word has grown.
func (t *tokenizer) shrink() {
	if cap(t.word) > keptWordBytes {
		t.word = nil
	}
	if cap(t.nfd) > keptWordBytes {
		t.nfd = nil
	}
	if cap(t.piece) > keptWordBytes {
		t.piece = nil
	}
}

// speaks reports whether ids hold a word that the model knows: anything but
// [UNK] and the other special tokens.
func (t *tokenizer) speaks(ids []int32) bool {
	for _, id := range ids {
		switch id {
		case t.cls, t.sep, t.unk, t.vocab.special[padToken], t.vocab.special[maskToken]:
		default:
			return true
		}
	}
	return false
}
