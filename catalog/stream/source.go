package stream

import (
	"context"

	"marquee/catalog"
)

// A Source hands over events in batches. It is used by one goroutine.
type Source interface {
	// Fetch returns the next batch, which has at least one line. It returns
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
	// Append stores the rows of b and the offset b.To in one transaction. If b
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
