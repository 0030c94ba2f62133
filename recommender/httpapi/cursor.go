package httpapi

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"marquee/catalog"
	"marquee/recommender"
)

// maxGiven is the most movies that the pages of one list hold before the last.
const maxGiven = 500

// The first byte of a cursor says what follows it.
const (
	cursorOfList    = 1 // hashes of 5 bytes each
	cursorOfHistory = 2 // Unix nanoseconds in 8 bytes, then a movie id
)

const hashBytes = 5 // of recommender.HashID

var (
	cursorText  = base64.RawURLEncoding.Strict()
	cursorCheck = crc32.MakeTable(crc32.Castagnoli)
)

// given are the hashes, by [recommender.HashID], of the movies that earlier pages
// held. That is all a cursor of a list says, so it holds whatever bundle makes the next
// page, and nobody has to remember it.
type given []uint64

// cursor returns g as a caller hands it back.
func (g given) cursor() string {
	b := make([]byte, 0, len(g)*hashBytes)
	for _, h := range g {
		var all [8]byte
		binary.BigEndian.PutUint64(all[:], h)
		b = append(b, all[8-hashBytes:]...)
	}
	return sealCursor(cursorOfList, b)
}

// with returns g and the movies ids.
func (g given) with(ids []catalog.MovieID) given {
	all := append(make(given, 0, len(g)+len(ids)), g...)
	for _, id := range ids {
		all = append(all, recommender.HashID(id))
	}
	return all
}

// parseGiven reads what [given.cursor] wrote; anything else is an error that wraps
// [catalog.ErrInvalid].
func parseGiven(text string) (given, error) {
	b, err := openCursor(cursorOfList, text)
	if err != nil {
		return nil, err
	}
	if len(b)%hashBytes != 0 || len(b) > maxGiven*hashBytes {
		return nil, errCursor
	}
	g := make(given, 0, len(b)/hashBytes)
	for ; len(b) > 0; b = b[hashBytes:] {
		var all [8]byte
		copy(all[8-hashBytes:], b)
		g = append(g, binary.BigEndian.Uint64(all[:]))
	}
	return g, nil
}

// A place is where a page of a history ended.
type place struct {
	at    time.Time
	movie catalog.MovieID
}

// cursor returns p as a caller hands it back.
func (p place) cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.at.UnixNano()))
	return sealCursor(cursorOfHistory, append(b, p.movie...))
}

// parsePlace reads what [place.cursor] wrote; anything else is an error that wraps
// [catalog.ErrInvalid].
func parsePlace(text string) (place, error) {
	b, err := openCursor(cursorOfHistory, text)
	if err != nil {
		return place{}, err
	}
	if len(b) < 8 {
		return place{}, errCursor
	}
	movie, err := catalog.ParseMovieID(string(b[8:]))
	if err != nil {
		return place{}, errCursor
	}
	return place{time.Unix(0, int64(binary.BigEndian.Uint64(b))), movie}, nil
}

var errCursor = fmt.Errorf("cursor is not one that this server gave, want the \"next\" of an answer as it was: %w", catalog.ErrInvalid)

// sealCursor returns the text of a cursor: its kind, what it says, and a checksum.
func sealCursor(kind byte, says []byte) string {
	b := append(make([]byte, 0, 1+len(says)+crc32.Size), kind)
	b = append(b, says...)
	return cursorText.EncodeToString(binary.BigEndian.AppendUint32(b, crc32.Checksum(b, cursorCheck)))
}

// openCursor returns what a cursor of this kind says.
func openCursor(kind byte, text string) ([]byte, error) {
	b, err := cursorText.DecodeString(text)
	if err != nil || len(b) < 1+crc32.Size {
		return nil, errCursor
	}
	body, sum := b[:len(b)-crc32.Size], binary.BigEndian.Uint32(b[len(b)-crc32.Size:])
	if crc32.Checksum(body, cursorCheck) != sum || body[0] != kind {
		return nil, errCursor
	}
	return body[1:], nil
}
