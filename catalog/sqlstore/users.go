package sqlstore

import (
	"context"
	"fmt"
	"iter"

	"marquee/catalog"
)

// PutUsers stores whole rows, under the rules of [Store.PutMovies]. Those of
// people who were forgotten are left out, and counted as Same.
func (s *Store) PutUsers(ctx context.Context, users []catalog.User) (catalog.Tally, error) {
	const op = "store users"
	rows := make([]factRow, len(users))
	for i, u := range users {
		_, err := catalog.ParseUserID(string(u.ID))
		if err == nil {
			rows[i], err = encodeFacts(string(u.ID), u)
		}
		if err != nil {
			return catalog.Tally{}, fmt.Errorf("%s: row %d: %w", op, i, err)
		}
	}
	return s.putFacts(ctx, op, userTable, rows)
}

// User returns one person's record; an id without one, even if the person has a
// history, is an error that wraps [catalog.ErrNotFound].
func (s *Store) User(ctx context.Context, id catalog.UserID) (catalog.User, error) {
	var u catalog.User
	err := s.factsOf(ctx, userTable, string(id), &u)
	return u, err
}

// Users yields all records of people by ascending id, as [Store.Movies] does.
func (s *Store) Users(ctx context.Context) iter.Seq2[catalog.User, error] {
	return factPages(ctx, s, userTable, func(u catalog.User) string { return string(u.ID) })
}

// UserCount returns the number of records of people.
func (s *Store) UserCount(ctx context.Context) (int, error) {
	return s.count(ctx, "users")
}
