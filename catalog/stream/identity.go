package stream

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
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

// rungs returns the lengths of the beginnings by which a file may be known,
// shortest first: after each complete line of the first fineHead bytes, and
// every power of two from fineHead to maxHead. head is the file's first maxHead
// bytes, or all of it. A file without a complete line is known by all of it.
func rungs(head []byte) []int {
	var at []int
	for i := 0; i < min(len(head), fineHead) && len(at) < maxRungs; i++ {
		j := bytes.IndexByte(head[i:min(len(head), fineHead)], '\n')
		if j < 0 {
			break
		}
		i += j
		at = append(at, i+1)
	}
	for n := fineHead; n <= len(head); n *= 2 {
		if len(at) == 0 || at[len(at)-1] < n {
			at = append(at, n)
		}
	}
	if len(at) == 0 && len(head) > 0 {
		at = append(at, len(head))
	}
	return at
}

// A known is what a sink knows of a file by its beginning.
type known struct {
	names  []string // that the file may have, of the shortest rung first; at least one
	at     int      // which of them the sink has an offset for, the longest; -1 if none
	offset int64    // that it has
}

// longest returns the name of a file that is new to the sink.
func (k known) longest() string { return k.names[len(k.names)-1] }

// begun reports whether the sink has read something of the file.
func (k known) begun() bool { return k.at >= 0 }

// look asks held for the file in r, which has size bytes.
func look(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (known, error) {
	head := make([]byte, min(size, maxHead))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return known{}, fmt.Errorf("read the first %d bytes: %w", len(head), err)
	}
	at := rungs(head)
	k := known{names: make([]string, len(at)), at: -1}
	sum, done := sha256.New(), 0
	for i, n := range at {
		sum.Write(head[done:n])
		k.names[i], done = filePlace+hex.EncodeToString(sum.Sum(nil)), n
	}
	if len(at) == 0 {
		k.names = []string{filePlace + hex.EncodeToString(sum.Sum(nil))}
		return k, nil
	}
	for i := len(k.names) - 1; i >= 0; i-- {
		offset, err := held.Offset(ctx, k.names[i])
		if err != nil {
			return known{}, fmt.Errorf("offset of %s: %w", k.names[i], err)
		}
		if offset > 0 {
			k.at, k.offset = i, offset
			return k, nil
		}
	}
	return k, nil
}

// identify returns the partition of the file in r, which has size bytes, and
// the offset held for it: see [OpenFile].
func identify(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (partition string, offset int64, err error) {
	k, err := look(ctx, r, size, held)
	switch {
	case err != nil:
		return "", 0, err
	case !k.begun():
		return k.longest(), 0, nil
	case k.offset > size: // more was read of it than this file has: another one
		return whole(ctx, r, size, held)
	}
	return k.names[k.at], k.offset, nil
}

// whole returns the partition named by all that the file holds now.
func whole(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (partition string, offset int64, err error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, size)); err != nil {
		return "", 0, fmt.Errorf("read %d bytes: %w", size, err)
	}
	partition = filePlace + "all:" + hex.EncodeToString(sum.Sum(nil))
	offset, err = held.Offset(ctx, partition)
	if err != nil {
		return "", 0, fmt.Errorf("offset of %s: %w", partition, err)
	}
	return partition, min(offset, size), nil
}
