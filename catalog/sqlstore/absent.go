package sqlstore

import (
	"context"
	"strconv"
	"time"

	"marquee/catalog"
)

// AbsentMovies returns those of ids, each once and in their order, that the
// catalog API should be asked for: no movie of the id is stored, and the API did
// not say at since or later that it knows none. It costs two look-ups by key of
// each id.
func (s *Store) AbsentMovies(ctx context.Context, ids []catalog.MovieID, since time.Time) ([]catalog.MovieID, error) {
	absent, err := absentOf(ctx, s, movieTable, ids, since)
	return absent, s.fault(ctx, "find absent movies", err)
}

// AbsentUsers is [Store.AbsentMovies] for records of people. It leaves out those
// who were forgotten: their record must not come back.
func (s *Store) AbsentUsers(ctx context.Context, ids []catalog.UserID, since time.Time) ([]catalog.UserID, error) {
	const op = "find absent people"
	absent, err := absentOf(ctx, s, userTable, ids, since)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	forgotten, err := tombstonesIn(ctx, s.reader, absent)
	if err != nil {
		return nil, s.fault(ctx, op, err)
	}
	var alive []catalog.UserID
	for _, id := range absent {
		if !forgotten[id] {
			alive = append(alive, id)
		}
	}
	return alive, nil
}

func absentOf[ID ~string](ctx context.Context, s *Store, t factTable, ids []ID, since time.Time) ([]ID, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	known, err := idsAmong(ctx, s.reader, "SELECT id FROM "+t.name+" WHERE id IN (%s)", texts)
	if err != nil {
		return nil, err
	}
	texts = without(texts, known)
	query := "SELECT id FROM unknown_ids WHERE kind = '" + t.kind + "' AND at >= " + strconv.FormatInt(since.UnixMicro(), 10) + " AND id IN (%s)"
	refused, err := idsAmong(ctx, s.reader, query, texts)
	if err != nil {
		return nil, err
	}
	var absent []ID
	for _, id := range without(texts, refused) {
		absent = append(absent, ID(id))
	}
	return absent, nil
}

// without returns texts, each once and in their order, but for those in drop.
func without(texts []string, drop map[string]bool) []string {
	kept := make([]string, 0, len(texts))
	seen := make(map[string]bool, len(texts))
	for _, text := range texts {
		if !drop[text] && !seen[text] {
			seen[text] = true
			kept = append(kept, text)
		}
	}
	return kept
}
