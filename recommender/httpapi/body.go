package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"marquee/catalog"
)

var errLarge = errors.New("too large") // 413

// readBody returns r's body, at most limit bytes of UTF-8. What it says its type is
// does not matter, since curl names a form.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fmt.Errorf("the body has more than %d bytes: %w", limit, errLarge)
	case errors.Is(err, os.ErrDeadlineExceeded): // whose text names addresses
		return nil, fmt.Errorf("the body was not there in time: %w", catalog.ErrInvalid)
	case err != nil:
		return nil, fmt.Errorf("the body ended early or is no HTTP: %w", catalog.ErrInvalid)
	case !utf8.Valid(body):
		return nil, fmt.Errorf("the body is no UTF-8: %w", catalog.ErrInvalid)
	}
	return body, nil
}

// decode reads exactly one JSON value without unknown fields from body. What is wrong
// with it is an error that wraps [catalog.ErrInvalid].
func decode(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the body is not the JSON that is wanted: %s: %w", inWords(err), catalog.ErrInvalid)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the body goes on behind its JSON value, want one value: %w", catalog.ErrInvalid)
	}
	return nil
}

// inWords says what is wrong without naming types of Go.
func inWords(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field == "" {
			return fmt.Sprintf("a %s stands where something else is wanted", kind.Value)
		}
		return fmt.Sprintf("field %q is a %s", kind.Field, kind.Value)
	}
	if errors.Is(err, io.EOF) {
		return "it is empty"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// A filterBody has the parameters of a list as fields, with the same names, values and
// bounds.
type filterBody struct {
	N        *int     `json:"n"`
	Cursor   string   `json:"cursor"`
	Exclude  []string `json:"exclude"`
	Only     []string `json:"only"`
	Genre    []string `json:"genre"`
	Year     string   `json:"year"`
	Language []string `json:"language"`
	Boost    []string `json:"boost"`
	Explain  bool     `json:"explain"`
}

// query adds what f asks for to q.
func (f filterBody) query(q query) (query, error) {
	q.explain = q.explain || f.Explain
	if f.N != nil {
		if err := q.count(*f.N); err != nil {
			return q, fmt.Errorf("field n: %w", err)
		}
	}
	for _, x := range []struct {
		param  parameter
		values []string
	}{
		{paramCursor, one(f.Cursor)}, {paramExclude, f.Exclude}, {paramOnly, f.Only}, {paramGenre, f.Genre},
		{paramYear, one(f.Year)}, {paramLanguage, f.Language}, {paramBoost, f.Boost},
	} {
		if x.values == nil {
			continue
		}
		values := make([]value, len(x.values))
		for i, v := range x.values {
			values[i] = value{v, v}
		}
		if err := x.param.read(&q, values); err != nil {
			return q, fmt.Errorf("field %s: %w", x.param.name, err)
		}
	}
	return q, nil
}

// one returns the values of a field that may be absent.
func one(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}
