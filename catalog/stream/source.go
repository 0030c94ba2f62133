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

// A Sink makes batches durable: catalog/sqlstore is one.
type Sink interface {
	// Append stores the rows of b and the offset b.To in one transaction. If b
	// does not begin at the offset it holds, it stores nothing and returns that
	// offset with an error that wraps [catalog.ErrOffset].
	Append(ctx context.Context, b catalog.Batch) (held int64, err error)
}

// Offsets says how far partitions were read: catalog/sqlstore does.
type Offsets interface {
	// Offset returns the offset held for partition, 0 if there is none.
	Offset(ctx context.Context, partition string) (int64, error)
}
