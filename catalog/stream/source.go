package stream

import (
	"context"
	"fmt"

	"marquee/catalog"
)

// A Source hands over events in batches. It is used by one goroutine.
type Source interface {
	// Fetch returns the next batch, which has at least one line, if only one that
	// is mended, or a Move that is to be stored before a line comes. It returns
	// io.EOF when there will be no more. A batch that was handed over counts
	// as read: the next Fetch goes on after it.
	Fetch(ctx context.Context) (catalog.Batch, error)

	// Seek makes the next Fetch begin at offset of partition, as the sink
	// asked. A source that cannot go there returns an error.
	Seek(ctx context.Context, partition string, offset int64) error
}

// An Acknowledger is a [Source] that wants to know what became of its batches.
type Acknowledger interface {
	// Acknowledge is called after each batch that was applied, and with the
	// error of one that can never be. It returns nil to go on, or the error
	// that ends [Run]. A batch that is already applied is told by Seek.
	Acknowledge(ctx context.Context, b catalog.Batch, done catalog.Applied, err error) error
}

// A Sink makes batches durable: catalog/sqlstore is one.
type Sink interface {
	// Append stores the rows of b, those of b.Mended, b.Tail and the offset b.To
	// in one transaction. If b
	// does not begin at the offset it holds, or b.Move does not name that
	// offset, it stores nothing and returns that offset in Applied.Held with an
	// error that wraps [catalog.ErrOffset]. While the store cannot be reached
	// the error wraps [catalog.ErrUnavailable], and Append may be called again
	// with the same batch.
	Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error)
}

// Offsets says how far partitions were read: catalog/sqlstore does.
type Offsets interface {
	// Offset returns the offset held for partition, 0 if there is none.
	Offset(ctx context.Context, partition string) (int64, error)
}

// ManyOffsets are [Offsets] that tell of many partitions at once, and what stood
// before each offset. A file has up to some 180 names: other Offsets are asked for
// one after the other, and pass a file for the one that its beginning names.
type ManyOffsets interface {
	Offsets

	// Offsets returns what is held for each of the partitions; those of which
	// nothing is held may be missing.
	Offsets(ctx context.Context, partitions []string) (map[string]catalog.Held, error)
}

// heldOf asks held for all the partitions.
func heldOf(ctx context.Context, held Offsets, partitions []string) (map[string]catalog.Held, error) {
	if many, ok := held.(ManyOffsets); ok {
		all, err := many.Offsets(ctx, partitions)
		if err != nil {
			return nil, fmt.Errorf("offsets of %d names: %w", len(partitions), err)
		}
		return all, nil
	}
	all := make(map[string]catalog.Held)
	for _, name := range partitions {
		offset, err := held.Offset(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("offset of %s: %w", name, err)
		}
		all[name] = catalog.Held{Offset: offset}
	}
	return all, nil
}
