package dataset

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"unicode/utf8"

	"marquee/catalog"
)

// The canonical encoding of a row is its fields one after the other, in a fixed
// order: a text as its length and its bytes, a list as its length and its texts,
// a whole number as a varint, a real one as the eight bytes of its bits, a flag
// as one byte. Every field says where it ends, so two rows have one encoding only
// if they are the same row.

func appendText[S ~string](dst []byte, s S) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendList(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

func appendWhole(dst []byte, n int64) []byte { return binary.AppendVarint(dst, n) }

// appendReal takes the two zeros for one: a database may lose the sign.
func appendReal(dst []byte, v float64) []byte {
	if v == 0 {
		v = 0
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

func appendFlag(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// canonMovie appends the canonical encoding of m, whose Extra is extra.
func canonMovie(dst []byte, m *catalog.Movie, extra string) []byte {
	dst = appendText(dst, m.ID)
	dst = appendWhole(dst, m.TMDBID)
	for _, s := range []string{m.IMDBID, m.Title, m.OriginalTitle, m.ReleaseDate, m.Collection, m.Overview, m.Tagline, m.Language, m.Status, extra} {
		dst = appendText(dst, s)
	}
	for _, l := range [][]string{m.Genres, m.People, m.Keywords} {
		dst = appendList(dst, l)
	}
	for _, n := range []int{m.Year, m.RuntimeMinutes, m.VoteCount} {
		dst = appendWhole(dst, int64(n))
	}
	for _, v := range []float64{m.VoteAverage, m.Popularity, m.CostUSD} {
		dst = appendReal(dst, v)
	}
	return appendFlag(dst, m.Adult)
}

// canonUser appends the canonical encoding of u, whose Extra is extra.
func canonUser(dst []byte, u *catalog.User, extra string) []byte {
	dst = appendText(dst, u.ID)
	dst = appendWhole(dst, int64(u.Age))
	dst = appendText(dst, u.Gender)
	dst = appendText(dst, u.Occupation)
	return appendText(dst, extra)
}

// canonSeen leaves the value of a rating or a share that is not there out.
func canonSeen(dst []byte, s *catalog.UserSeen, _ string) []byte {
	dst = appendText(dst, s.User)
	dst = appendText(dst, s.Movie)
	dst = appendWhole(dst, s.At.UnixMicro())
	if dst = appendFlag(dst, s.Rated); s.Rated {
		dst = appendReal(dst, s.Rating)
	}
	if dst = appendFlag(dst, s.Shared); s.Shared {
		dst = appendReal(dst, s.Share)
	}
	return appendWhole(dst, int64(s.Days))
}

func canonAccount(dst []byte, a *catalog.Account, _ string) []byte {
	return appendWhole(appendText(dst, a.User), a.At.UnixMicro())
}

// checkMovie refuses what a column cannot hold, and returns Extra in its one
// form. A catalog that was normalized has no such thing.
func checkMovie(m *catalog.Movie) (extra string, err error) {
	err = checkTexts("movie", string(m.ID), string(m.ID), m.IMDBID, m.Title, m.OriginalTitle, m.ReleaseDate, m.Collection, m.Overview, m.Tagline, m.Language, m.Status)
	for _, l := range [][]string{m.Genres, m.People, m.Keywords} {
		if err == nil {
			err = checkTexts("movie", string(m.ID), l...)
		}
	}
	if err == nil {
		err = checkNumbers("movie", string(m.ID), []int{m.Year, m.RuntimeMinutes}, m.VoteAverage, m.Popularity, m.CostUSD)
	}
	if err == nil {
		extra, err = canonJSON("movie", string(m.ID), m.Extra)
	}
	return extra, err
}

func checkUser(u *catalog.User) (extra string, err error) {
	err = checkTexts("user", string(u.ID), string(u.ID), u.Gender, u.Occupation)
	if err == nil {
		err = checkNumbers("user", string(u.ID), []int{u.Age})
	}
	if err == nil {
		extra, err = canonJSON("user", string(u.ID), u.Extra)
	}
	return extra, err
}

func checkSeen(s *catalog.UserSeen) (string, error) {
	if s.Days != int(int32(s.Days)) || s.Rating != s.Rating || s.Share != s.Share {
		return "", checkNumbers("history of user", string(s.User), []int{s.Days}, s.Rating, s.Share)
	}
	if !utf8.ValidString(string(s.User)) || !utf8.ValidString(string(s.Movie)) {
		return "", checkTexts("history of user", string(s.User), string(s.User), string(s.Movie))
	}
	return "", nil
}

func checkAccount(a *catalog.Account) (string, error) {
	return "", checkTexts("account of user", string(a.User), string(a.User))
}

func checkTexts(kind, id string, texts ...string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%s %q: text %.40q is not valid UTF-8; import it again: %w", kind, id, s, catalog.ErrInvalid)
		}
	}
	return nil
}

func checkNumbers(kind, id string, wholes []int, reals ...float64) error {
	for _, n := range wholes {
		if n != int(int32(n)) {
			return fmt.Errorf("%s %q: number %d, want one of 32 bits: %w", kind, id, n, catalog.ErrInvalid)
		}
	}
	for _, v := range reals {
		if v != v {
			return fmt.Errorf("%s %q: number NaN, want a number: %w", kind, id, catalog.ErrInvalid)
		}
	}
	return nil
}

// canonJSON returns fields as one JSON object with sorted keys, without blanks
// and with numbers as they were written; no fields are no text.
func canonJSON(kind, id string, fields map[string]json.RawMessage) (string, error) {
	if len(fields) == 0 {
		return "", nil
	}
	object := make(map[string]any, len(fields))
	for name, raw := range fields {
		if len(raw) == 0 {
			object[name] = nil
			continue
		}
		if !json.Valid(raw) {
			return "", fmt.Errorf("%s %q: field %q is %.40q, want one JSON value: %w", kind, id, name, raw, catalog.ErrInvalid)
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil {
			return "", fmt.Errorf("%s %q: field %q: %w: %w", kind, id, name, err, catalog.ErrInvalid)
		}
		object[name] = v
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		return "", fmt.Errorf("%s %q: %w: %w", kind, id, err, catalog.ErrInvalid)
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n"))), nil
}
