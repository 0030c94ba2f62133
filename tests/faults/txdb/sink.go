package txdb

import (
	"context"

	"marquee/catalog"
)

// A Store is a sink and what it says of its offsets, as one process sees them.
type Store interface {
	Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error)
	Offset(ctx context.Context, partition string) (int64, error)
}

// A Sink keeps the contract: rows and a compare-and-set of the offset in one
// transaction.
type Sink struct {
	db   *DB
	hook Hook
}

// Open returns a sink of one process, at whose steps hook is called.
func (db *DB) Open(hook Hook) *Sink { return &Sink{db: db, hook: hook} }

// Append implements catalog/stream.Sink.
func (s *Sink) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	if err := s.hook(ctx, Begin); err != nil {
		return catalog.Applied{}, err
	}
	t, err := s.db.begin(ctx)
	if err != nil {
		return catalog.Applied{}, err
	}
	defer t.rollback()
	held, err := s.check(b)
	if err != nil {
		return catalog.Applied{Held: held}, err
	}
	if err := s.hook(ctx, Locked); err != nil {
		return catalog.Applied{}, err
	}
	t.putRows(b)
	t.putOffset(b.Partition, b.To)
	for _, step := range []Step{Wrote, Commit} {
		if err := s.hook(ctx, step); err != nil {
			return catalog.Applied{}, err
		}
	}
	t.commit()
	if err := s.hook(ctx, Answer); err != nil {
		return catalog.Applied{}, err
	}
	return catalog.Applied{Held: b.To}, nil
}

// check compares where b begins with the offset held.
func (s *Sink) check(b catalog.Batch) (int64, error) {
	held, digest := s.db.heldOf(b.Partition)
	want := b.From
	if b.Move != nil {
		want = b.Move.Held
	}
	if held == want {
		return held, nil
	}
	if b.Digest != nil && digest != "" && digest != string(b.Digest) {
		return held, catalog.ErrConflict
	}
	return held, errOffset(b, held)
}

// Offset implements catalog/stream.Offsets.
func (s *Sink) Offset(ctx context.Context, partition string) (int64, error) {
	if err := s.hook(ctx, ReadHeld); err != nil {
		return 0, err
	}
	held, _ := s.db.heldOf(partition)
	return held, ctx.Err()
}
