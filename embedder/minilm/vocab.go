package minilm

import (
	"bytes"
	"fmt"
)

// The tokens with a meaning of their own. Like the reference tokenizer, ours
// reads their spelling in a text as the token itself.
const (
	padToken  = "[PAD]"
	unkToken  = "[UNK]"
	clsToken  = "[CLS]"
	sepToken  = "[SEP]"
	maskToken = "[MASK]"
)

// tailMark begins the vocabulary's pieces that continue a word.
const tailMark = "##"

// A vocabulary maps pieces of words to token ids. It is read-only.
type vocabulary struct {
	heads   map[string]int32 // pieces that begin a word, and whole words
	tails   map[string]int32 // pieces that continue one, without the "##"
	longest int              // bytes of the longest piece, without the "##"
	special map[string]int32 // the five tokens above
	size    int
}

// parseVocabulary reads a vocab.txt: one token a line, its id the line's number
// from 0. It refuses duplicates and a file without the five special tokens.
func parseVocabulary(text []byte) (*vocabulary, error) {
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	v := &vocabulary{
		heads:   make(map[string]int32, len(lines)),
		tails:   make(map[string]int32, len(lines)/4),
		special: make(map[string]int32, 5),
		size:    len(lines),
	}
	for id, line := range lines {
		if err := v.add(string(bytes.TrimSuffix(line, []byte("\r"))), int32(id)); err != nil {
			return nil, fmt.Errorf("line %d: %w", id+1, err)
		}
	}
	for _, token := range []string{padToken, unkToken, clsToken, sepToken, maskToken} {
		id, ok := v.heads[token]
		if !ok {
			return nil, fmt.Errorf("no token %s among %d", token, len(lines))
		}
		v.special[token] = id
	}
	return v, nil
}

func (v *vocabulary) add(token string, id int32) error {
	pieces, piece := v.heads, token
	if len(token) > len(tailMark) && token[:len(tailMark)] == tailMark {
		pieces, piece = v.tails, token[len(tailMark):]
	}
	if other, ok := pieces[piece]; ok {
		return fmt.Errorf("token %q is also on line %d", token, other+1)
	}
	pieces[piece] = id
	v.longest = max(v.longest, len(piece))
	return nil
}
