package exposure

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"marquee/catalog"
)

// A record of a segment is
//
//	length   4 bytes, little endian, of the body
//	sum      4 bytes, CRC-32C of the body
//	body     version, 1 byte, 1; then a list as appendList writes it
//
// so that one which was cut off, or is not what was written, is known.
const (
	recordHead    = 8
	recordVersion = 1

	// maxRecord is longer than any list that a store takes.
	maxRecord = catalog.MaxInputBytes + catalog.MaxExposed*512 + 4096
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errTorn reports a record that was cut off or damaged.
var errTorn = errors.New("the record was cut off or damaged")

// errLong reports a list that is too long for a record, and so for a store.
var errLong = fmt.Errorf("the list takes more than %d bytes: %w", maxRecord, catalog.ErrInvalid)

// appendRecord appends a list to out as a record.
func appendRecord(out []byte, e catalog.Exposure) ([]byte, error) {
	start := len(out)
	out = append(out, make([]byte, recordHead)...)
	out = appendList(append(out, recordVersion), e)
	body := out[start+recordHead:]
	if len(body) > maxRecord {
		return out[:start], errLong
	}
	binary.LittleEndian.PutUint32(out[start:], uint32(len(body)))
	binary.LittleEndian.PutUint32(out[start+4:], crc32.Checksum(body, castagnoli))
	return out, nil
}

// appendList appends what a list is: texts behind their lengths, numbers as varints, the
// time as seconds and nanoseconds, and of each source that comes again only its place.
func appendList(out []byte, e catalog.Exposure) []byte {
	for _, text := range []string{e.RequestID, string(e.User), e.Experiment, e.Arm, e.Bundle, e.Tier, string(e.Input)} {
		out = appendText(out, text)
	}
	out = binary.AppendVarint(out, e.Sequence)
	out = binary.AppendVarint(out, e.At.Unix())
	out = binary.AppendUvarint(out, uint64(e.At.Nanosecond()))
	out = binary.AppendUvarint(out, uint64(len(e.Movies)))
	sources := make(map[string]uint64, 8)
	for _, m := range e.Movies {
		out = appendText(out, string(m.Movie))
		place, known := sources[m.Source]
		if !known {
			place = uint64(len(sources))
			sources[m.Source] = place
		}
		out = binary.AppendUvarint(out, place)
		if !known {
			out = appendText(out, m.Source)
		}
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(m.Propensity))
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

// bodyOf returns the body of the record at the front of raw, and what follows it; errTorn
// if it is not whole.
func bodyOf(raw []byte) (body, rest []byte, err error) {
	if len(raw) < recordHead {
		return nil, nil, errTorn
	}
	n, sum := binary.LittleEndian.Uint32(raw), binary.LittleEndian.Uint32(raw[4:])
	raw = raw[recordHead:]
	if n < 1 || n > maxRecord || uint64(n) > uint64(len(raw)) || crc32.Checksum(raw[:n], castagnoli) != sum {
		return nil, nil, errTorn
	}
	return raw[:n], raw[n:], nil
}

// decodeList reads a body. Whatever else it holds is an error that wraps
// [catalog.ErrInvalid]; it never panics, and makes no more room than the body has bytes.
func decodeList(body []byte) (catalog.Exposure, error) {
	if len(body) < 1 || body[0] != recordVersion {
		return catalog.Exposure{}, fmt.Errorf("a record of a spill is not of version %d; run the newer marquee that wrote it: %w", recordVersion, catalog.ErrInvalid)
	}
	d := decoder{left: body[1:]}
	var e catalog.Exposure
	e.RequestID, e.User = d.text(), catalog.UserID(d.text())
	e.Experiment, e.Arm, e.Bundle, e.Tier = d.text(), d.text(), d.text(), d.text()
	if input := d.text(); input != "" {
		e.Input = []byte(input)
	}
	e.Sequence = d.varint()
	seconds, nanos := d.varint(), d.uvarint()
	e.At = time.Unix(seconds, int64(nanos%1e9)).UTC()
	count := d.uvarint()
	if count > catalog.MaxExposed || count > uint64(len(d.left)) {
		d.bad = true
	}
	var sources []string
	for i := uint64(0); i < count && !d.bad; i++ {
		e.Movies = append(e.Movies, d.movie(&sources))
	}
	if d.bad || len(d.left) > 0 {
		return catalog.Exposure{}, fmt.Errorf("a record of a spill is no list: %w", catalog.ErrInvalid)
	}
	return e, nil
}

// A decoder reads from the front of left until something is bad; all it reads is zero
// then.
type decoder struct {
	left []byte
	bad  bool
}

func (d *decoder) movie(sources *[]string) catalog.Exposed {
	m := catalog.Exposed{Movie: catalog.MovieID(d.text())}
	place := d.uvarint()
	switch {
	case place < uint64(len(*sources)):
		m.Source = (*sources)[place]
	case place == uint64(len(*sources)):
		m.Source = d.text()
		*sources = append(*sources, m.Source)
	default:
		d.bad = true
	}
	if raw := d.bytes(4); len(raw) == 4 {
		m.Propensity = math.Float32frombits(binary.LittleEndian.Uint32(raw))
	}
	return m
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.left)
	if d.bad = d.bad || n <= 0; d.bad {
		return 0
	}
	d.left = d.left[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.left)
	if d.bad = d.bad || n <= 0; d.bad {
		return 0
	}
	d.left = d.left[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if d.bad = d.bad || n > uint64(len(d.left)); d.bad {
		return nil
	}
	out := d.left[:n]
	d.left = d.left[n:]
	return out
}

func (d *decoder) text() string { return string(d.bytes(d.uvarint())) }
