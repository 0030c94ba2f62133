package remote

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"marquee/catalog/secret"
)

// maxDims is the longest vector that is taken from a server.
const maxDims = 65_536

// Config says whom to ask and how. Start from [DefaultConfig] and set BaseURL
// and Model: a zero field means zero.
type Config struct {
	BaseURL  string      // "http://localhost:11434" or ".../v1"; "/v1/embeddings" or "/embeddings" is added
	Model    string      // as the server calls it
	Revision string      // of the weights, part of the ID; empty means "unpinned"
	Dims     int         // length of a vector, 0 to 65536; 0 asks the server once, in New
	APIKey   secret.Text // sent as a bearer token; empty sends none

	BatchTexts    int           // texts in a request, 1 to 4096; a server that takes fewer (413) is sent halves
	Parallel      int           // requests at once, 1 to 256
	MaxTextBytes  int           // longer texts are cut at a character's border, 16 or more; part of the ID
	MaxBodyBytes  int64         // of an answer, 1 or more
	Timeout       time.Duration // of one attempt, above 0
	Retries       int           // after the first attempt, 0 to 100
	MinDelay      time.Duration // before the first retry, above 0; doubles each time
	MaxDelay      time.Duration // MinDelay or more
	MaxRetryAfter time.Duration // a server that asks for a longer wait is given up
}

// DefaultConfig returns a configuration that suits a small server on the same
// machine, without BaseURL and Model.
func DefaultConfig() Config {
	return Config{
		BatchTexts: 32, Parallel: 2, MaxTextBytes: 8 << 10, MaxBodyBytes: 64 << 20, Timeout: time.Minute,
		Retries: 5, MinDelay: 500 * time.Millisecond, MaxDelay: 30 * time.Second, MaxRetryAfter: 2 * time.Minute,
	}
}

// Validate reports every fault of c in one error, which never shows the key.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		fault("base URL is no http or https URL, want one such as http://localhost:11434")
	case u.User != nil:
		fault("base URL carries a user or password, want the key in APIKey")
	case u.RawQuery != "" || u.Fragment != "":
		fault("base URL carries a query or fragment, want none")
	}
	if c.Model == "" || strings.ContainsFunc(c.Model, unicode.IsControl) {
		fault("model is %q, want the server's name of it", c.Model)
	}
	if strings.ContainsFunc(c.Revision, unicode.IsControl) {
		fault("revision is %q, want no control characters", c.Revision)
	}
	if strings.ContainsFunc(string(c.APIKey), func(r rune) bool { return r <= ' ' || r > '~' }) {
		fault("API key holds blanks or characters that are not ASCII; was a line end copied with it?")
	}
	for _, n := range []struct {
		name               string
		value, least, most int64
	}{
		{"dims", int64(c.Dims), 0, maxDims},
		{"texts of a batch", int64(c.BatchTexts), 1, 4096},
		{"parallel requests", int64(c.Parallel), 1, 256},
		{"bytes of a text", int64(c.MaxTextBytes), 16, 1 << 30},
		{"bytes of an answer", c.MaxBodyBytes, 1, 1 << 32},
		{"retries", int64(c.Retries), 0, 100},
	} {
		if n.value < n.least || n.value > n.most {
			fault("%s is %d, want %d to %d", n.name, n.value, n.least, n.most)
		}
	}
	if c.Timeout <= 0 {
		fault("timeout is %v, want above 0", c.Timeout)
	}
	if c.MinDelay <= 0 || c.MaxDelay < c.MinDelay || c.MaxRetryAfter < 0 {
		fault("delays are %v to %v, and %v for Retry-After; want 0 < least <= most, and 0 or more", c.MinDelay, c.MaxDelay, c.MaxRetryAfter)
	}
	return errors.Join(errs...)
}

// endpoint returns the URL that is asked.
func (c Config) endpoint() string {
	base := strings.TrimRight(c.BaseURL, "/")
	switch {
	case strings.HasSuffix(base, "/embeddings"):
		return base
	case strings.HasSuffix(base, "/v1"):
		return base + "/embeddings"
	}
	return base + "/v1/embeddings"
}
