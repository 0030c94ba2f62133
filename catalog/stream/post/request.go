package post

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// HeaderKey names the header with the key of a request.
const HeaderKey = "Idempotency-Key"

// maxKeyBytes bounds a key.
const maxKeyBytes = 200

// gzipMagic is how gzipped bodies begin.
const gzipMagic = "\x1f\x8b"

// A refusal is why a request gets no summary.
type refusal struct {
	status int
	text   string
	again  bool // the same request may succeed later
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, text: fmt.Sprintf(format, args...)}
}

// authorize refuses a request without one of the tokens. It takes the same time
// for all wrong ones of a length.
func (s *Source) authorize(r *http.Request) *refusal {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given := sha256.Sum256([]byte(strings.TrimSpace(token)))
	ok := 0
	for _, want := range s.tokens {
		ok |= subtle.ConstantTimeCompare(given[:], want[:])
	}
	if ok == 0 || !strings.EqualFold(scheme, "Bearer") {
		return refuse(http.StatusUnauthorized, "the request carries no known token, want Authorization: Bearer TOKEN")
	}
	return nil
}

// key returns the request's own key.
func key(r *http.Request) (string, *refusal) {
	k := r.Header.Get(HeaderKey)
	if k == "" || len(k) > maxKeyBytes || !visible(k) {
		return "", refuse(http.StatusBadRequest, "%s has %d bytes, want 1 to %d visible ASCII characters: a new one for each body, the same one when a body is sent again", HeaderKey, len(k), maxKeyBytes)
	}
	return k, nil
}

// body returns the lines of a request, unpacked.
func (s *Source) body(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && (strings.HasPrefix(kind, "multipart/") || kind == "application/json") {
		return nil, refuse(http.StatusUnsupportedMediaType, "content type is %s, want lines of the stream as text/plain", kind)
	}
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes; send it in parts, each under a key of its own", s.cfg.BodyBytes)
	limited := bufio.NewReader(http.MaxBytesReader(w, r.Body, s.cfg.BodyBytes))
	var in io.Reader = limited
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if head, _ := limited.Peek(len(gzipMagic)); encoding == "" && string(head) == gzipMagic {
		encoding = "gzip" // no line of the stream begins like that
	}
	switch encoding {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(limited)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "the body is not gzipped as its header says: %v", err)
		}
		in = io.LimitReader(unpacked, s.cfg.BodyBytes+1)
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "content encoding is %.40q, want gzip or none", encoding)
	}
	data, err := io.ReadAll(in)
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &limit), int64(len(data)) > s.cfg.BodyBytes:
		return nil, tooLarge
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
	case len(data) == 0:
		return nil, refuse(http.StatusBadRequest, "the body is empty, want lines of the stream")
	}
	n := bytes.Count(data, []byte("\n"))
	if data[len(data)-1] != '\n' {
		n++ // the last line needs no end
	}
	if n > s.cfg.BodyLines {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body has %d lines, want at most %d; send it in parts, each under a key of its own", n, s.cfg.BodyLines)
	}
	return data, nil
}
