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

// rungs returns the lengths of the beginnings by which a file may be known,
// shortest first: after each complete line of the first fineHead bytes, and
// every power of two from fineHead to maxHead. head is the file's first maxHead
// bytes, or all of it. A file without a complete line is known by all of it.
func rungs(head []byte) []int {
	var at []int
	for i := 0; i < min(len(head), fineHead); i++ {
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

// identify returns the partition of the file in r, which has size bytes, and
// the offset held for it: see [OpenFile].
func identify(ctx context.Context, r io.ReaderAt, size int64, held Offsets) (partition string, offset int64, err error) {
	head := make([]byte, min(size, maxHead))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return "", 0, fmt.Errorf("read the first %d bytes: %w", len(head), err)
	}
	at := rungs(head)
	names := make([]string, len(at))
	sum, done := sha256.New(), 0
	for i, n := range at {
		sum.Write(head[done:n])
		names[i], done = filePlace+hex.EncodeToString(sum.Sum(nil)), n
	}
	for i := len(names) - 1; i >= 0; i-- {
		offset, err := held.Offset(ctx, names[i])
		switch {
		case err != nil:
			return "", 0, fmt.Errorf("offset of %s: %w", names[i], err)
		case offset > size: // more was read of it than this file has: another one
			return whole(ctx, r, size, held)
		case offset > 0:
			return names[i], offset, nil
		}
	}
	if len(names) == 0 {
		return filePlace + hex.EncodeToString(sum.Sum(nil)), 0, nil
	}
	return names[len(names)-1], 0, nil
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
