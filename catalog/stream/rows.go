package stream

import (
	"time"

	"marquee/catalog"
)

// Rows turns lines into the rows of batches, for sources that stand in
// packages of their own. It is used by one goroutine.
type Rows struct {
	batcher *batcher
}

// NewRows returns Rows of cfg, which is valid. now is the time at which lines
// are refused.
func NewRows(cfg Config, now func() time.Time) *Rows {
	return &Rows{batcher: newBatcher(cfg, now)}
}

// Add reads line, which stands at offset of b.Partition and has no line end,
// into b: as a row, as a counted list, or as a refused line. It never fails and
// keeps nothing of line.
func (r *Rows) Add(b *catalog.Batch, line []byte, offset int64) {
	r.batcher.add(b, line, offset)
}
