package stream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"marquee/catalog"
)

// Bounds of what names a file.
const (
	fineHead  = 4 << 10 // below, every line's end is a rung
	maxHead   = 1 << 20 // above, nothing is hashed
	filePlace = "file:sha256:"
)

// maxRungs bounds the rungs that are ends of lines, for a file of short ones: the
// shortest line of the stream has 31 bytes.
const maxRungs = 160

// maxTwins bounds the files that may differ though they begin alike, up to the
// longest rung, without being named by all that they hold.
const maxTwins = 8

// rungs returns the lengths of the beginnings by which a file may be known,
// shortest first: the powers of two within its first line, the end of each
// complete line of the first fineHead bytes, and every power of two from fineHead
// to maxHead. head is the file's first maxHead bytes, or all of it.
func rungs(head []byte) []int {
	var at []int
	first := bytes.IndexByte(head, '\n')
	if first < 0 {
		first = len(head)
	}
	for n := 1; n <= min(first, fineHead/2); n *= 2 {
		at = append(at, n)
	}
	for i, lines := 0, 0; i < min(len(head), fineHead) && lines < maxRungs; i++ {
		j := bytes.IndexByte(head[i:min(len(head), fineHead)], '\n')
		if j < 0 {
			break
		}
		i += j
		lines++
		if len(at) == 0 || at[len(at)-1] <= i {
			at = append(at, i+1)
		}
	}
	for n := fineHead; n <= len(head); n *= 2 {
		if len(at) == 0 || at[len(at)-1] < n {
			at = append(at, n)
		}
	}
	return at
}

// namesOf returns the names that the file in r may have, of the shortest rung
// first; at least one.
func namesOf(r io.ReaderAt, size int64) ([]string, error) {
	head := make([]byte, min(size, maxHead))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return nil, fmt.Errorf("read the first %d bytes: %w", len(head), err)
	}
	at := rungs(head)
	out := make([]string, len(at))
	sum, done := sha256.New(), 0
	for i, n := range at {
		sum.Write(head[done:n])
		out[i], done = filePlace+hex.EncodeToString(sum.Sum(nil)), n
	}
	if len(at) == 0 {
		out = []string{filePlace + hex.EncodeToString(sum.Sum(nil))}
	}
	return out, nil
}

// A known is what a sink knows of a file by its beginning.
type known struct {
	name   string // under which the sink has it; of a file that is new to it, under which it will; "" if all such names are taken
	offset int64  // that it has; 0 for a new file
	taken  bool   // the longest name is that of another file, which begins alike
	ahead  bool   // of which more was read than this one has: they may be one, cut
}

// begun reports whether the sink has read something of the file.
func (k known) begun() bool { return k.offset > 0 }

// look asks held for the file in r, which has size bytes.
func look(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (known, error) {
	all, err := namesOf(r, size)
	if err != nil {
		return known{}, err
	}
	if size == 0 {
		return known{name: all[0]}, nil
	}
	places, err := heldOf(ctx, held, all)
	if err != nil {
		return known{}, err
	}
	l := lookup{r: r, size: size, held: held}
	longest := known{name: all[len(all)-1]}
	for i := len(all) - 1; i >= 0; i-- {
		k, err := l.among(ctx, all[i], places[all[i]])
		if err != nil || k.begun() {
			return k, err
		}
		if i == len(all)-1 {
			longest = k
		}
	}
	return longest, nil
}

// A lookup finds the file in r, of size bytes, among those that begin alike.
type lookup struct {
	r    io.ReaderAt
	size int64
	held Offsets
}

// among returns the file of this name, or of one of its twins, that fits; or the
// first of these names that is free.
func (l lookup) among(ctx context.Context, name string, h catalog.Held) (known, error) {
	k := known{name: name}
	for twin := 2; h.Offset > 0; twin++ {
		fit, err := fits(l.r, l.size, h)
		if err != nil {
			return known{}, err
		}
		if fit {
			return known{name: k.name, offset: h.Offset}, nil
		}
		k.taken, k.ahead = true, k.ahead || h.Offset > l.size
		if twin > maxTwins {
			k.name = ""
			break
		}
		k.name = name + "~" + strconv.Itoa(twin)
		others, err := heldOf(ctx, l.held, []string{k.name})
		if err != nil {
			return known{}, err
		}
		h = others[k.name]
	}
	return k, nil
}

// identify returns the partition of the file in r, which has size bytes, and
// the offset held for it: see [OpenFile].
func identify(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (partition string, offset int64, err error) {
	k, err := look(ctx, r, size, held)
	if err != nil {
		return "", 0, err
	}
	return k.apart(ctx, r, size, held)
}

// apart returns the partition of the file, and the offset held for it. A file
// that was named by all that it holds keeps that name as long as it holds no more;
// one for which no other name is left gets it.
func (k known) apart(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (partition string, offset int64, err error) {
	if !k.taken {
		return k.name, k.offset, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, size)); err != nil {
		return "", 0, fmt.Errorf("read %d bytes: %w", size, err)
	}
	all := filePlace + "all:" + hex.EncodeToString(sum.Sum(nil))
	places, err := heldOf(ctx, held, []string{all})
	if err != nil {
		return "", 0, err
	}
	if offset := min(places[all].Offset, size); offset > 0 || k.name == "" {
		return all, offset, nil
	}
	return k.name, 0, nil
}
