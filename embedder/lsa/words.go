package lsa

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTermBytes is the longest term. Longer words are cut: they are no words,
// but lists of letters or scripts without blanks.
const maxTermBytes = 64

// A splitter cuts texts into terms. It keeps its buffers between texts, so each
// goroutine has one of its own.
type splitter struct {
	word   []byte // the word being read, lower-cased
	folded []byte // scratch of fold
	from   int    // where the word begins in the text
	ascii  bool   // the word is ASCII so far
	mark   int    // length of the word before its last apostrophe; 0 for none
	last   rune   // the character before, of a run without blanks; 0 at its start
	lastAt int    // where it stands
	emit   func(term []byte, from, to int)
}

// split calls emit for each term of text, in the text's order: words in lower
// case without accents, apostrophes ("dont") and the ending of a possessive,
// stop words left out. Scripts that
// are written without blanks give overlapping pairs of characters. The bytes of
// term are valid during the call only; text[from:to] is the word as it stands.
func (s *splitter) split(text string, emit func(term []byte, from, to int)) {
	s.emit, s.last, s.word = emit, 0, s.word[:0]
	for at := 0; at < len(text); {
		if c := text[at]; c < utf8.RuneSelf {
			switch {
			case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
				s.add(rune(c), at)
			case 'A' <= c && c <= 'Z':
				s.add(rune(c)+'a'-'A', at)
			case c == '\'':
				s.mark = len(s.word)
			default:
				s.end(at)
			}
			at++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case unspaced(r):
			s.pair(r, at, at+size)
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r):
			s.add(unicode.ToLower(r), at)
		case r == '’':
			s.mark = len(s.word)
		default:
			s.end(at)
		}
		at += size
	}
	s.end(len(text))
	s.emit = nil
}

// add adds r to the word, or begins one with it.
func (s *splitter) add(r rune, at int) {
	if s.last != 0 {
		s.end(at)
	}
	if len(s.word) == 0 {
		s.from, s.ascii, s.mark = at, true, 0
	}
	s.ascii = s.ascii && r < utf8.RuneSelf
	if len(s.word)+utf8.UTFMax <= maxTermBytes {
		s.word = utf8.AppendRune(s.word, r)
	}
}

// end ends the word or the run of pairs that stands before at.
func (s *splitter) end(at int) {
	if s.last != 0 && s.from == s.lastAt { // a run of one character
		s.word = utf8.AppendRune(s.word[:0], s.last)
		s.ascii = false
	}
	s.last = 0
	if len(s.word) == 0 {
		return
	}
	term := s.word
	if n := len(term) - 1; s.mark > 0 && s.mark == n && term[n] == 's' {
		term = term[:n]
	}
	if !s.ascii {
		term = s.fold(term)
	}
	s.word = s.word[:0]
	if len(term) > 0 && !stopWords[string(term)] {
		s.emit(term, s.from, at)
	}
}

// pair takes the next character of a script without blanks.
func (s *splitter) pair(r rune, at, to int) {
	if s.last == 0 {
		s.end(at)
		s.from = at
	} else {
		s.word = utf8.AppendRune(utf8.AppendRune(s.word[:0], s.last), r)
		if term := s.fold(s.word); len(term) > 0 {
			s.emit(term, s.lastAt, to)
		}
		s.word = s.word[:0]
	}
	s.last, s.lastAt = r, at
}

// fold returns word without accents and with compatibility forms (ligatures,
// full-width letters) resolved.
func (s *splitter) fold(word []byte) []byte {
	kept := s.folded[:0]
	for rest := norm.NFKD.Bytes(word); len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		accent := r >= 0x300 && r <= 0x36f
		if !accent && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)) {
			kept = utf8.AppendRune(kept, unicode.ToLower(r))
		}
	}
	s.folded = kept
	kept = norm.NFC.Bytes(kept)
	if len(kept) > maxTermBytes {
		kept = kept[:maxTermBytes]
		for !utf8.Valid(kept) {
			kept = kept[:len(kept)-1]
		}
	}
	return kept
}

// unspaced reports whether r belongs to a script that is written without blanks
// between words.
func unspaced(r rune) bool {
	return r >= 0x0e00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}
