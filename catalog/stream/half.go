package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"marquee/catalog"
)

// A half is the beginning of a line that was applied as a line of its own, because
// nothing came after it then.
type half struct {
	at   int64  // where the line begins
	text []byte // at most maxHalf bytes; nil if there is none, or none that matters
}

// maxHalf bounds the half lines that are kept: whatever follows a longer one, it
// was refused as too long, and stays so.
const maxHalf = MaxLineBytes + 1 // one more may be a CR

// halfBefore returns what of a line stands before offset in r, and whether offset
// is within a line. It returns within without a half if the line was refused as
// too long. An error of a file that ends before offset wraps [io.EOF].
func halfBefore(r io.ReaderAt, offset int64) (h half, within bool, err error) {
	for n := int64(4 << 10); offset > 0; n *= 4 {
		n = min(n, offset, maxHalf+1)
		buf := make([]byte, n)
		if _, err := r.ReadAt(buf, offset-n); err != nil {
			return half{}, false, fmt.Errorf("read at %d: %w", offset-n, err)
		}
		i := int64(bytes.LastIndexByte(buf, '\n'))
		switch {
		case i == n-1:
			return half{}, false, nil
		case i < 0 && n > maxHalf:
			return half{}, true, nil
		case i >= 0 || n == offset:
			return half{at: offset - n + i + 1, text: buf[i+1:]}, true, nil
		}
	}
	return half{}, false, nil
}

// whole returns the line that h and rest are, and whether it is another one than h
// was taken for.
func (h half) whole(rest []byte) (line []byte, more bool) {
	line = trimEnd(append(bytes.Clone(h.text), rest...))
	return line, !bytes.Equal(line, trimEnd(h.text))
}

// mend puts the line at offset at, whose beginning was applied as if it was all of
// it, into b.
func (r *Rows) mend(b *catalog.Batch, line []byte, at int64) {
	one := catalog.Batch{Partition: b.Partition, ReadAt: b.ReadAt}
	r.Add(&one, line, at)
	b.ReadAt = one.ReadAt
	b.Mended = &catalog.Readmission{Minutes: one.Minutes, Ratings: one.Ratings, Accounts: one.Accounts, Lists: one.Lists, Refused: one.Refused}
	if len(one.Refused) == 0 {
		b.Mended.Released = []catalog.RefusedPlace{{Source: b.Partition, Offset: at}}
	}
}

// mend completes the line that l stands within, if the beginning of it was
// applied.
func (l *lines) mend(b *catalog.Batch, rows *Rows) error {
	if !l.within {
		return nil
	}
	rest, _, err := l.nextRaw()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	l.within = false
	if l.half.text == nil {
		return nil
	}
	if line, more := l.half.whole(rest); more {
		rows.mend(b, line, l.half.at)
	}
	return nil
}
