package sqlstore

import "context"

// A source is where an iterator reads: the [Store], whose every page shows what
// is committed by then, or a [Frozen], all of whose pages show one moment.
type source interface {
	queryer() queryer
	fault(ctx context.Context, op string, err error) error
}

func (s *Store) queryer() queryer { return s.reader }
