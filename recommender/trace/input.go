package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// ErrInput reports bytes that are no packed input.
var ErrInput = errors.New("not the input of a list")

// An Input is what a list was made from, beside the bundle and the changes laid over it.
type Input struct {
	N         int
	Now       time.Time // to the microsecond
	Adult     bool
	Stale     bool         // the store was away
	Elsewhere bool         // neighbours came from an index outside of the process
	User      catalog.User // what models were told: id, age, gender, occupation
	Kernel    string       // the path of the vector kernels that scored: see [marquee/embedder/vec.Path]
	Watched   []rank.Watched
	Seen      []model.Seen
	Unknown   int       // watched movies that the bundle did not know
	Scores    []float32 // of the list that was served, so that a replay can be held against it bit by bit

	// Rows and Fingerprint are of the state that made the list: see
	// [marquee/recommender/overlay.State.Fingerprint]. Both are 0 in inputs of version 1.
	Rows        int
	Fingerprint uint64

	// Of inputs since version 3, in which lists began to depend on them.
	Arm      string      // that made the list, whoever decided on it; empty: that of the exposure
	Knobs    *rank.Knobs // as experiments left them; nil: those of the bundle
	Seed     uint64      // of what was drawn
	Opinions rank.Opinions
	Shown    []rank.Shown
}

// Taste returns the history.
func (i Input) Taste() rank.Taste {
	t := rank.Taste{Watched: i.Watched, Seen: i.Seen, Unknown: i.Unknown}
	for _, s := range i.Seen[min(len(i.Watched), len(i.Seen)):] { // behind what was watched stands what was meant
		t.Anchors = append(t.Anchors, s.Movie)
	}
	return t
}

// version is the first byte of what Pack writes. Version 1 had no Rows and no
// Fingerprint, version 2 no Arm, Knobs, Seed, Opinions and Shown.
const version = 3

// The bits of the byte behind the version.
const (
	bitAdult = 1 << iota
	bitStale
	bitElsewhere
)

// Of the byte of a seen movie.
const (
	seenRated = 1 << iota
	seenShared
)

// Pack returns i in some 17 bytes a watched movie. Movies are rows, so a packed input
// belongs to one bundle.
func (i Input) Pack() []byte {
	out := make([]byte, 0, 64+22*len(i.Seen))
	out = append(out, version, bit(i.Adult, bitAdult)|bit(i.Stale, bitStale)|bit(i.Elsewhere, bitElsewhere))
	out = binary.AppendUvarint(out, uint64(i.Rows))
	out = binary.LittleEndian.AppendUint64(out, i.Fingerprint)
	out = binary.AppendUvarint(out, uint64(i.N))
	out = binary.AppendVarint(out, i.Now.UnixMicro())
	for _, text := range []string{string(i.User.ID), i.User.Gender, i.User.Occupation, i.Kernel} {
		out = appendText(out, text)
	}
	out = binary.AppendUvarint(out, uint64(i.User.Age))
	out = binary.AppendUvarint(out, uint64(i.Unknown))
	out = binary.AppendUvarint(out, uint64(len(i.Watched)))
	for _, w := range i.Watched {
		out = binary.AppendUvarint(out, uint64(w.Row))
		out = append(out, w.Preference)
	}
	out = binary.AppendUvarint(out, uint64(len(i.Seen)))
	before := int64(0)
	for _, s := range i.Seen {
		out = appendSeen(out, s, before)
		before = s.At
	}
	out = binary.AppendUvarint(out, uint64(len(i.Scores)))
	for _, score := range i.Scores {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(score))
	}
	return i.appendAsked(out)
}

// bit returns b if set.
func bit(set bool, b byte) byte {
	if set {
		return b
	}
	return 0
}

// appendSeen appends one movie of a history. Times are told as the way from the one
// before, which is short.
func appendSeen(out []byte, s model.Seen, before int64) []byte {
	out = append(out, bit(s.Rated, seenRated)|bit(s.Shared, seenShared))
	out = binary.AppendUvarint(out, uint64(s.Movie))
	out = binary.AppendVarint(out, s.At-before)
	out = binary.AppendVarint(out, int64(s.Days))
	if s.Rated {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(s.Rating))
	}
	if s.Shared {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(s.Share))
	}
	return out
}

// Unpack returns the input that Pack wrote, of this version or an earlier one. Other bytes are an error that wraps
// [ErrInput].
func Unpack(data []byte) (Input, error) {
	r := reader{data: data}
	v := r.byte()
	if v < 1 || v > version {
		return Input{}, fmt.Errorf("version is %d, want 1 to %d: %w", v, version, ErrInput)
	}
	flags := r.byte()
	i := Input{Adult: flags&bitAdult != 0, Stale: flags&bitStale != 0, Elsewhere: flags&bitElsewhere != 0}
	if v > 1 {
		i.Rows = int(r.uvarint(math.MaxUint32))
		i.Fingerprint = binary.LittleEndian.Uint64(r.take(8))
	}
	i.N = int(r.uvarint(math.MaxInt32))
	i.Now = time.UnixMicro(r.varint()).UTC()
	i.User.ID = catalog.UserID(r.text())
	i.User.Gender, i.User.Occupation, i.Kernel = r.text(), r.text(), r.text()
	i.User.Age = int(r.uvarint(math.MaxInt32))
	i.Unknown = int(r.uvarint(math.MaxInt32))
	if n := r.count(2); n > 0 {
		i.Watched = make([]rank.Watched, n)
	}
	for k := range i.Watched {
		i.Watched[k] = rank.Watched{Row: r.row(), Preference: r.byte()}
	}
	if n := r.count(4); n > 0 {
		i.Seen = make([]model.Seen, n)
	}
	before := int64(0)
	for k := range i.Seen {
		i.Seen[k] = r.seen(before)
		before = i.Seen[k].At
	}
	if n := r.count(4); n > 0 {
		i.Scores = make([]float32, n)
	}
	for k := range i.Scores {
		i.Scores[k] = r.float()
	}
	if v > 2 {
		r.asked(&i)
	}
	if r.bad || len(r.data) > 0 {
		return Input{}, fmt.Errorf("%d bytes, cut off or with more behind: %w", len(data), ErrInput)
	}
	return i, nil
}

// A reader takes values off the front of data. After the first that is not there it
// gives zeros, and bad is set.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.data) {
		r.bad, r.data = true, nil
		return make([]byte, n)
	}
	out := r.data[:n]
	r.data = r.data[n:]
	return out
}

func (r *reader) byte() byte { return r.take(1)[0] }

func (r *reader) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v > most {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *reader) row() uint32 { return uint32(r.uvarint(math.MaxUint32)) }

// count returns how many entries follow, each of size bytes or more.
func (r *reader) count(size int) int {
	n := r.uvarint(math.MaxInt32)
	if n > uint64(len(r.data)/size) {
		r.bad, r.data = true, nil
		return 0
	}
	return int(n)
}

func (r *reader) text() string { return string(r.take(r.count(1))) }

func (r *reader) float() float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(r.take(4)))
}

func (r *reader) seen(before int64) model.Seen {
	flags := r.byte()
	s := model.Seen{Rated: flags&seenRated != 0, Shared: flags&seenShared != 0}
	s.Movie = r.row()
	s.At = before + r.varint()
	if days := r.varint(); days == int64(int32(days)) {
		s.Days = int32(days)
	} else {
		r.bad = true
	}
	if s.Rated {
		s.Rating = r.float()
	}
	if s.Shared {
		s.Share = r.float()
	}
	return s
}
