package minilm

import "unicode"

// A class says what BERT's basic tokenizer does with a character.
type class uint8

const (
	letter  class = iota // part of a word
	space                // ends a word
	single               // a word of its own: punctuation, a CJK ideograph
	dropped              // as if it were not there
)

// asciiClasses holds classOf for the ASCII characters.
var asciiClasses = func() (t [unicode.MaxASCII + 1]class) {
	for r := range t {
		t[r] = classOf(rune(r))
	}
	return t
}()

// classOf returns the class of a character as it stands in the text: before
// decomposition, lower case and the removal of accents. Punctuation beyond
// ASCII counts as letter here: it is cut out after decomposition, see
// isPunctuation.
//
// The reference is the BertNormalizer of the tokenizers library. Its
// categories are those of Unicode 8; some 620 characters that came or changed
// since, none of them in the model's vocabulary, follow the tables of Go here.
func classOf(r rune) class {
	switch {
	case r == '\t' || r == '\n' || r == '\r':
		return space
	case r == 0 || r == unicode.ReplacementChar:
		return dropped
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return dropped
	case unicode.IsSpace(r):
		return space
	case r <= unicode.MaxASCII && isPunctuation(r), isIdeograph(r):
		return single
	}
	return letter
}

// isPunctuation reports what BERT calls punctuation: every printable ASCII
// character that is no letter, digit or blank, and Unicode's category P.
func isPunctuation(r rune) bool {
	if r <= unicode.MaxASCII {
		return r >= '!' && r <= '/' || r >= ':' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
	}
	return unicode.IsPunct(r)
}

// isIdeograph reports whether r lies in the blocks of CJK ideographs that BERT
// takes apart. Hangul, hiragana and katakana are not among them. The sixth
// block begins at 2B920, as in the reference, which has 2B820 mistyped.
func isIdeograph(r rune) bool {
	if r < 0x3400 {
		return false
	}
	return r >= 0x4E00 && r <= 0x9FFF ||
		r >= 0x3400 && r <= 0x4DBF ||
		r >= 0x20000 && r <= 0x2A6DF ||
		r >= 0x2A700 && r <= 0x2B73F ||
		r >= 0x2B740 && r <= 0x2B81F ||
		r >= 0x2B920 && r <= 0x2CEAF ||
		r >= 0xF900 && r <= 0xFAFF ||
		r >= 0x2F800 && r <= 0x2FA1F
}
