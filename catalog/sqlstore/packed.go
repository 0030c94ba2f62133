package sqlstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"marquee/catalog"
)

// packedVersion is the first byte of a packed list.
const packedVersion = 1

// MaxSourceBytes is the longest [catalog.Exposed.Source]: 32 names of sources, of 40 bytes
// at most, each with the name of an arm of an experiment, of 64, fit.
const MaxSourceBytes = 4096

// packMovies returns a served list as bytes, some 19 a movie with ids of 16:
//
//	version   1 byte, 1
//	movies    uvarint, how many
//	sources   uvarint, how many different ones
//	  each:   uvarint length, text; in the order in which they first appear
//	  movies, best first, each:
//	          uvarint length, id
//	          uvarint, twice the place of its source among the sources,
//	            plus 1 if a propensity follows; else it is 1
//	          4 bytes, float32 little endian, if it follows
//
// A list that cannot be unpacked again is an error that wraps
// [catalog.ErrInvalid]: too many movies, an id that is not legal, a source that
// is no text of at most [MaxSourceBytes], a propensity outside 0 to 1.
func packMovies(movies []catalog.Exposed) ([]byte, error) {
	if len(movies) > catalog.MaxExposed {
		return nil, fmt.Errorf("list has %d movies, want at most %d: %w", len(movies), catalog.MaxExposed, catalog.ErrInvalid)
	}
	var sources []string
	places := make([]uint64, len(movies))
	size := 8
	for i, m := range movies {
		if err := checkExposed(m); err != nil {
			return nil, fmt.Errorf("movie %d: %w", i, err)
		}
		place := indexOf(sources, m.Source)
		if place == len(sources) {
			sources = append(sources, m.Source)
			size += 2 + len(m.Source)
		}
		places[i] = uint64(place)
		size += 8 + len(m.Movie)
	}
	out := append(make([]byte, 0, size), packedVersion)
	out = binary.AppendUvarint(out, uint64(len(movies)))
	out = binary.AppendUvarint(out, uint64(len(sources)))
	for _, source := range sources {
		out = appendText(out, source)
	}
	for i, m := range movies {
		out = appendText(out, string(m.Movie))
		if m.Propensity == 1 {
			out = binary.AppendUvarint(out, 2*places[i])
			continue
		}
		out = binary.AppendUvarint(out, 2*places[i]+1)
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(m.Propensity))
	}
	return out, nil
}

// indexOf returns the place of text among the few texts, or their number.
func indexOf(texts []string, text string) int {
	for i, t := range texts {
		if t == text {
			return i
		}
	}
	return len(texts)
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func checkExposed(m catalog.Exposed) error {
	if _, err := catalog.ParseMovieID(string(m.Movie)); err != nil {
		return err
	}
	if err := checkSource(m.Source); err != nil {
		return err
	}
	return checkPropensity(m.Propensity)
}

func checkSource(source string) error {
	if len(source) > MaxSourceBytes || !utf8.ValidString(source) {
		return fmt.Errorf("source is %.50q of %d bytes, want at most %d bytes of UTF-8: %w", source, len(source), MaxSourceBytes, catalog.ErrInvalid)
	}
	return nil
}

func checkPropensity(p float32) error {
	if !(p >= 0 && p <= 1) { // this form also catches NaN
		return fmt.Errorf("propensity is %v, want 0 to 1: %w", p, catalog.ErrInvalid)
	}
	return nil
}

// unpackMovies reads what packMovies wrote. Whatever else raw holds is an error
// that wraps [catalog.ErrInvalid] and says what was wrong; it never panics, and
// never makes room for more than raw can hold.
func unpackMovies(raw []byte) ([]catalog.Exposed, error) {
	u := unpacker{left: raw}
	if version := u.bytes("version", 1); u.err == nil && version[0] != packedVersion {
		u.refuse("version is %d, this program knows %d; run the newer marquee that wrote it", version[0], packedVersion)
	}
	count := u.number("number of movies", catalog.MaxExposed)
	sources := make([]string, u.number("number of sources", count))
	for i := range sources {
		sources[i] = u.text("source", MaxSourceBytes)
		u.check(checkSource(sources[i]))
	}
	var movies []catalog.Exposed
	if u.err == nil && count > 0 {
		movies = make([]catalog.Exposed, count)
	}
	for i := range movies {
		movies[i] = u.movie(sources)
		if u.err != nil {
			return nil, fmt.Errorf("packed movies: movie %d of %d: %w", i, count, u.err)
		}
	}
	if u.err == nil && len(u.left) > 0 {
		u.refuse("%d bytes follow the last movie, want none", len(u.left))
	}
	if u.err != nil {
		return nil, fmt.Errorf("packed movies: %w", u.err)
	}
	return movies, nil
}

// An unpacker reads from the front of left until something is wrong; then err
// says what, and all it reads is zero.
type unpacker struct {
	left []byte
	err  error
}

func (u *unpacker) refuse(format string, args ...any) {
	u.check(fmt.Errorf(format+": %w", append(args, catalog.ErrInvalid)...))
}

func (u *unpacker) check(err error) {
	if u.err == nil {
		u.err = err
	}
}

// number reads a number of at most most.
func (u *unpacker) number(what string, most int) int {
	if u.err != nil {
		return 0
	}
	v, n := binary.Uvarint(u.left)
	if n <= 0 {
		u.refuse("%s cannot be read from the last %d bytes", what, len(u.left))
		return 0
	}
	if v > uint64(most) {
		u.refuse("%s is %d, want at most %d", what, v, most)
		return 0
	}
	u.left = u.left[n:]
	return int(v)
}

// bytes reads n bytes, which stay part of raw.
func (u *unpacker) bytes(what string, n int) []byte {
	if u.err == nil && n > len(u.left) {
		u.refuse("%s wants %d bytes, %d are left", what, n, len(u.left))
	}
	if u.err != nil {
		return nil
	}
	out := u.left[:n]
	u.left = u.left[n:]
	return out
}

func (u *unpacker) text(what string, most int) string {
	return string(u.bytes(what, u.number("length of "+what, most)))
}

func (u *unpacker) movie(sources []string) catalog.Exposed {
	m := catalog.Exposed{Movie: catalog.MovieID(u.text("movie id", catalog.MaxIDBytes)), Propensity: 1}
	tag := u.number("place of source", max(0, 2*len(sources)-1))
	if u.err == nil && tag/2 >= len(sources) {
		u.refuse("it has a source, the list has none")
	}
	if u.err != nil {
		return catalog.Exposed{}
	}
	m.Source = sources[tag/2]
	if tag%2 == 1 {
		if raw := u.bytes("propensity", 4); u.err == nil {
			m.Propensity = math.Float32frombits(binary.LittleEndian.Uint32(raw))
		}
	}
	if u.err == nil {
		u.check(checkExposed(m))
	}
	return m
}
