package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"
	"golang.org/x/text/cases"

	"marquee/catalog"
)

// maxKeyBytes is the longest text that is indexed: PostgreSQL refuses an index
// entry of more than 2,704 bytes.
const maxKeyBytes = 500

// A factRow is a movie or a user as it is stored: what is searched in columns
// of its own, everything in JSON.
type factRow struct {
	id      string
	digest  [sha256.Size]byte // of facts
	facts   string
	columns []any // of the kind's own columns
}

// A factTable says where one kind of facts is kept.
type factTable struct {
	name    string
	kind    string   // in unknown_ids
	columns []string // beside id, digest and facts
}

var (
	movieTable = factTable{name: "movies", kind: "movie", columns: []string{"title_key", "imdb_id", "tmdb_id", "runtime", "since_seq"}}
	userTable  = factTable{name: "users", kind: "user"}
)

// sinceColumn is the place of since_seq among the columns of movieTable.
const sinceColumn = 4

// putFacts stores rows, of which the last of each id counts, in one
// transaction. A row that is stored already is only counted.
func (s *Store) putFacts(ctx context.Context, op string, t factTable, rows []factRow) (catalog.Tally, error) {
	if len(rows) == 0 {
		return catalog.Tally{}, nil
	}
	last, ids := lastOfEach(rows)
	var tally catalog.Tally
	err := s.write(ctx, op, func(tx *sqlx.Tx) error {
		ids, err := s.remembered(ctx, tx, t, ids)
		if err != nil {
			return err
		}
		held, err := digests(ctx, tx, t, ids)
		if err != nil {
			return err
		}
		var changed []string
		tally = catalog.Tally{Same: len(rows) - len(ids)}
		for _, id := range ids {
			digest, known := held[id]
			switch {
			case !known:
				tally.New++
			case digest != last[id].digest:
				tally.Changed++
			default:
				tally.Same++
				continue
			}
			changed = append(changed, id)
		}
		if err := tellOf(ctx, tx, t, last, changed, tally.Changed > 0); err != nil {
			return err
		}
		if err := upsertFacts(ctx, tx, t, last, changed); err != nil {
			return err
		}
		return lookupExec(ctx, tx, "DELETE FROM unknown_ids WHERE kind = '"+t.kind+"' AND id IN (%s)", ids)
	})
	if err != nil {
		return catalog.Tally{}, err
	}
	return tally, nil
}

// remembered returns ids without those of people who were forgotten.
func (s *Store) remembered(ctx context.Context, tx *sqlx.Tx, t factTable, ids []string) ([]string, error) {
	if t.kind != userTable.kind {
		return ids, nil
	}
	dead, err := s.tombstones(ctx, tx)
	if err != nil {
		return nil, err
	}
	var kept []string
	for _, id := range ids {
		if !dead.Has(catalog.UserID(id)) {
			kept = append(kept, id)
		}
	}
	return kept, nil
}

// tellOf lets those who remember the movies or the people of ids know that they
// must read them anew, before their rows are written. A row of a movie takes the
// number of its change; what it replaces is kept.
func tellOf(ctx context.Context, tx *sqlx.Tx, t factTable, rows map[string]factRow, ids []string, replaces bool) error {
	if t.kind == userTable.kind {
		return numberUsers(ctx, tx, userIDs(ids))
	}
	first, err := tellMovies(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		rows[id].columns[sinceColumn] = first + int64(i)
	}
	if !replaces {
		return nil
	}
	return keepVersions(ctx, tx, first)
}

// tellMovies tells of a change of each movie, in their order, and returns the
// number of the first.
func tellMovies(ctx context.Context, tx *sqlx.Tx, ids []string) (first int64, err error) {
	changes := make([]catalog.Change, len(ids))
	for i, id := range ids {
		changes[i] = catalog.Change{Kind: catalog.ChangeMovie, Subject: id}
	}
	last, err := addChanges(ctx, tx, changes)
	return last - int64(len(ids)) + 1, err
}

func userIDs(ids []string) []catalog.UserID {
	out := make([]catalog.UserID, len(ids))
	for i, id := range ids {
		out[i] = catalog.UserID(id)
	}
	return out
}

// lastOfEach returns the last row of each id, and the ids in the order in which
// they first came.
func lastOfEach(rows []factRow) (last map[string]factRow, ids []string) {
	last = make(map[string]factRow, len(rows))
	for _, r := range rows {
		if _, known := last[r.id]; !known {
			ids = append(ids, r.id)
		}
		last[r.id] = r
	}
	return last, ids
}

func digests(ctx context.Context, tx *sqlx.Tx, t factTable, ids []string) (map[string][sha256.Size]byte, error) {
	held := make(map[string][sha256.Size]byte, len(ids))
	err := lookup(ctx, tx, "SELECT id, digest FROM "+t.name+" WHERE id IN (%s)", 1, ids, func(rows *sqlx.Rows) error {
		var id string
		var digest []byte
		if err := rows.Scan(&id, &digest); err != nil {
			return err
		}
		if len(digest) != sha256.Size {
			return fmt.Errorf("the digest of %s %q has %d bytes, want %d; restore a copy: %w", t.kind, id, len(digest), sha256.Size, catalog.ErrDamaged)
		}
		held[id] = [sha256.Size]byte(digest)
		return nil
	})
	return held, err
}

func upsertFacts(ctx context.Context, tx *sqlx.Tx, t factTable, rows map[string]factRow, ids []string) error {
	columns := append([]string{"id", "digest", "facts"}, t.columns...)
	var set []string
	for _, c := range columns[1:] {
		set = append(set, c+" = excluded."+c)
	}
	b := newBulk(tx, t.name, columns, "ON CONFLICT (id) DO UPDATE SET "+strings.Join(set, ", "))
	defer b.close()
	for _, id := range ids {
		r := rows[id]
		if err := b.add(ctx, append([]any{r.id, r.digest[:], r.facts}, r.columns...)...); err != nil {
			return err
		}
	}
	return b.flush(ctx)
}

// encodeFacts returns v as JSON that every database takes as text: valid UTF-8
// without NUL bytes, which JSON never holds unescaped.
func encodeFacts(id string, v any) (factRow, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // the source's own fields come back as they were
	if err := enc.Encode(v); err != nil {
		return factRow{}, fmt.Errorf("%q cannot be written as JSON: %w: %w", id, err, catalog.ErrInvalid)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return factRow{id: id, digest: sha256.Sum256([]byte(text)), facts: text}, nil
}

// foldCase returns text as it is compared without regard to case, cut to
// [maxKeyBytes].
func foldCase(text string) string {
	return catalog.CutText(cases.Fold().String(catalog.CleanText(text)), maxKeyBytes)
}
