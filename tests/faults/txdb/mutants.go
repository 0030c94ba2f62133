package txdb

import (
	"context"
	"errors"

	"marquee/catalog"
)

// A Mutant is a sink that breaks the contract in one way.
type Mutant struct {
	Name string
	Open func(db *DB, hook Hook) Store

	// Committed says that a reader begins where the consumer group stands
	// instead of where the store does, which the test has to arrange.
	Committed bool
}

// Mutants returns them all.
func Mutants() []Mutant {
	as := func(append func(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error)) func(*DB, Hook) Store {
		return func(db *DB, hook Hook) Store { return &mutant{Sink: db.Open(hook), append: append} }
	}
	return []Mutant{
		{Name: "offset committed before the rows", Open: as(offsetFirst)},
		{Name: "offset in another transaction after the rows", Open: as(offsetAfter)},
		{Name: "offset written without a comparison", Open: as(blind)},
		{Name: "offset of the consumer group", Open: as(blind), Committed: true},
		{Name: "failed commit treated as success", Open: as(hopeful)},
		{Name: "retry after an unknown outcome applied blindly", Open: func(db *DB, hook Hook) Store {
			r := &retrier{Sink: db.Open(hook)}
			return &mutant{Sink: r.Sink, append: r.append}
		}},
		{Name: "comparison outside of the transaction", Open: as(checkThenAct)},
	}
}

type mutant struct {
	*Sink
	append func(context.Context, *Sink, catalog.Batch) (catalog.Applied, error)
}

// Append breaks the contract.
func (m *mutant) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	return m.append(ctx, m.Sink, b)
}

// transact runs one transaction that writes rows, the offset, or both.
func (s *Sink) transact(ctx context.Context, b catalog.Batch, rows, offset, compare bool, steps ...Step) (catalog.Applied, error) {
	t, err := s.db.begin(ctx)
	if err != nil {
		return catalog.Applied{}, err
	}
	defer t.rollback()
	if compare {
		if held, err := s.check(b); err != nil {
			return catalog.Applied{Held: held}, err
		}
	}
	if rows {
		t.putRows(b)
	}
	if offset {
		t.putOffset(b.Partition, b.To)
	}
	for _, step := range steps {
		if err := s.hook(ctx, step); err != nil {
			return catalog.Applied{}, err
		}
	}
	t.commit()
	return catalog.Applied{Held: b.To}, nil
}

func offsetFirst(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error) {
	if err := s.hook(ctx, Begin); err != nil {
		return catalog.Applied{}, err
	}
	if done, err := s.transact(ctx, b, false, true, true, Locked); err != nil {
		return done, err
	}
	if done, err := s.transact(ctx, b, true, false, false, Wrote, Commit); err != nil {
		return done, err
	}
	return catalog.Applied{Held: b.To}, s.hook(ctx, Answer)
}

func offsetAfter(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error) {
	if err := s.hook(ctx, Begin); err != nil {
		return catalog.Applied{}, err
	}
	if done, err := s.transact(ctx, b, true, false, true, Locked); err != nil {
		return done, err
	}
	if done, err := s.transact(ctx, b, false, true, true, Wrote, Commit); err != nil {
		return done, err
	}
	return catalog.Applied{Held: b.To}, s.hook(ctx, Answer)
}

func blind(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error) {
	if err := s.hook(ctx, Begin); err != nil {
		return catalog.Applied{}, err
	}
	if done, err := s.transact(ctx, b, true, true, false, Locked, Wrote, Commit); err != nil {
		return done, err
	}
	return catalog.Applied{Held: b.To}, s.hook(ctx, Answer)
}

// hopeful logs that the commit failed, and goes on.
func hopeful(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error) {
	done, err := s.Append(ctx, b)
	if errors.Is(err, catalog.ErrUnavailable) {
		return catalog.Applied{Held: b.To}, nil
	}
	return done, err
}

// checkThenAct compares before the transaction begins.
func checkThenAct(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error) {
	if err := s.hook(ctx, Begin); err != nil {
		return catalog.Applied{}, err
	}
	if held, err := s.check(b); err != nil {
		return catalog.Applied{Held: held}, err
	}
	if err := s.hook(ctx, Locked); err != nil {
		return catalog.Applied{}, err
	}
	if done, err := s.transact(ctx, b, true, true, false, Wrote, Commit); err != nil {
		return done, err
	}
	return catalog.Applied{Held: b.To}, s.hook(ctx, Answer)
}

// A retrier remembers a batch whose outcome it does not know, and stores it
// without a comparison when it comes again.
type retrier struct {
	*Sink
	unknown catalog.RefusedPlace // its partition and beginning
	pending bool
}

func (r *retrier) append(ctx context.Context, s *Sink, b catalog.Batch) (catalog.Applied, error) {
	place := catalog.RefusedPlace{Source: b.Partition, Offset: b.From}
	var done catalog.Applied
	var err error
	if r.pending && r.unknown == place {
		done, err = blind(ctx, s, b)
	} else {
		done, err = s.Append(ctx, b)
	}
	r.pending, r.unknown = errors.Is(err, catalog.ErrUnavailable), place
	return done, err
}
