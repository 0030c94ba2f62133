package dataset

import (
	"context"
	"iter"

	"marquee/catalog"
)

// Rows are all facts at one moment. After an error an iterator ends.
type Rows interface {
	Scale(ctx context.Context) (catalog.Scale, error)
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]       // ascending by id, bytewise
	Users(ctx context.Context) iter.Seq2[catalog.User, error]         // ascending by id
	Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error] // by person, newest first within one, ties by movie
	Accounts(ctx context.Context) iter.Seq2[catalog.Account, error]   // by person and time
}

// A Source is what a snapshot is taken of. It must not change while it is read.
type Source interface {
	Rows
	LastChange(ctx context.Context) (int64, error) // the sequence number up to which changes are in it
}

// A Progress is told how many rows of a table are done. Where one is asked for,
// nil tells nobody.
type Progress func(table string, rows int64)

func (p Progress) tell(table string, rows int64) {
	if p != nil {
		p(table, rows)
	}
}
