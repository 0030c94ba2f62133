package httpapi

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"marquee/catalog"
)

// minToken is the fewest characters of a token: 16 of base64 have 96 bits.
const minToken = 16

// maxTokens bounds a file: every one is compared with each request's.
const maxTokens = 1000

// A TokenSet is the tokens of a file. Any number of goroutines may use it. It keeps
// hashes only.
type TokenSet struct {
	all atomic.Pointer[[]token]
}

type token struct {
	sum   [sha256.Size]byte
	scope Scope
}

// ReadTokens reads lines such as "read kx0wm2Lq9...": a scope (read, write or admin) and
// a token of 16 printable characters or more. There may be several of a scope; a token of
// several scopes stands on several lines. Empty lines and those that begin with # count
// for nothing. An error wraps [catalog.ErrInvalid] and shows no token.
func ReadTokens(r io.Reader) (*TokenSet, error) {
	t := &TokenSet{}
	return t, t.Read(r)
}

// Read replaces the tokens of t by those of r, or keeps them and returns an error as
// [ReadTokens] does.
func (t *TokenSet) Read(r io.Reader) error {
	var all []token
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		one, err := parseToken(text)
		if err != nil {
			return fmt.Errorf("line %d: %w: %w", n, err, catalog.ErrInvalid)
		}
		if all = append(all, one); len(all) > maxTokens {
			return fmt.Errorf("more than %d tokens: %w", maxTokens, catalog.ErrInvalid)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", err, catalog.ErrInvalid)
	}
	t.all.Store(&all)
	return nil
}

func parseToken(line string) (token, error) {
	words := strings.Fields(line)
	if len(words) != 2 {
		return token{}, fmt.Errorf("%d words, want a scope (read, write or admin) and a token", len(words))
	}
	scope, secret := Scope(words[0]), words[1]
	switch {
	case !slices.Contains([]Scope{ScopeRead, ScopeWrite, ScopeAdmin}, scope):
		return token{}, errors.New("the first word is no scope, want read, write or admin")
	case len(secret) < minToken:
		return token{}, fmt.Errorf("the token has %d characters, want %d or more (openssl rand -hex 24 makes one)", len(secret), minToken)
	case strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }):
		return token{}, errors.New("the token has characters that a header cannot carry, want printable ASCII")
	}
	return token{sha256.Sum256([]byte(secret)), scope}, nil
}

// Allows implements [Tokens].
func (t *TokenSet) Allows(secret string, scope Scope) bool {
	sum := sha256.Sum256([]byte(secret))
	found := 0
	for _, one := range *t.all.Load() {
		if one.scope == scope { // scopes are no secret
			found |= subtle.ConstantTimeCompare(sum[:], one.sum[:])
		}
	}
	return found == 1
}

// Has reports whether there is a token of a scope.
func (t *TokenSet) Has(scope Scope) bool {
	return slices.ContainsFunc(*t.all.Load(), func(one token) bool { return one.scope == scope })
}
