package sqlstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Forget removes all that the store holds of a person, in one transaction, and
// leaves a tombstone: the hash of the id, which [Store.Append], [Store.Readmit],
// [Store.PutRatings], [Store.PutUsers], [Store.PutExposures], [Store.PutFeedback],
// [Store.PutPreferences] and [Store.PutExperiment] respect from then on. The first time, a
// [catalog.ChangeForget] with the hash in hexadecimal tells servers of it. It is
// no error if the person was forgotten before or never known: what a later call
// finds, it removes.
//
// Experiments that had an override of the person lose it, and servers are told their new
// definitions; the log of changes loses it too.
//
// Refused lines go that name the person as a field of a line, after a comma and
// before another or the end, with blanks around it or none. It reads all of
// quarantine for that.
//
// Afterwards the rows are removed from the disk too. On SQLite they are
// overwritten, and the write-ahead log is emptied; if pages of the file still
// hold the id, because an earlier program did not overwrite, the whole file is
// rewritten (VACUUM), which takes as much room again and keeps writers waiting.
// A short id, which is part of other ids and numbers, always costs that; a long
// one costs a reading of the whole file. On PostgreSQL the tables are vacuumed; the server
// writes over what they held in its own time, and its write-ahead log and
// backups are not reached. Where this fails, Forget has still succeeded; a
// warning is logged that says what to do.
func (s *Store) Forget(ctx context.Context, user catalog.UserID) (catalog.Removal, error) {
	const op = "forget"
	if _, err := catalog.ParseUserID(string(user)); err != nil {
		return catalog.Removal{}, fmt.Errorf("%s: %w", op, err)
	}
	var gone catalog.Removal
	err := s.write(ctx, op, func(tx *sqlx.Tx) error {
		hash, fresh, err := bury(ctx, tx, user)
		if err != nil {
			return err
		}
		if fresh {
			told := catalog.Change{Kind: catalog.ChangeForget, Subject: hex.EncodeToString(hash[:])}
			if _, err := addChanges(ctx, tx, []catalog.Change{told}); err != nil {
				return err
			}
		}
		gone, err = removePerson(ctx, tx, user)
		return err
	})
	if err != nil {
		return catalog.Removal{}, err
	}
	s.erase(ctx, user)
	return gone, nil
}

// personTables says where a person's id stands. The activity of a person is no
// row of its own to those who count.
var personTables = []struct {
	table, where string
	count        func(*catalog.Removal) *int64
}{
	{"seen", "user_id = ?", func(r *catalog.Removal) *int64 { return &r.Seen }},
	{"users", "id = ?", func(r *catalog.Removal) *int64 { return &r.Users }},
	{"accounts", "user_id = ?", func(r *catalog.Removal) *int64 { return &r.Accounts }},
	{"activity", "user_id = ?", nil},
	{"unknown_ids", "kind = 'user' AND id = ?", func(r *catalog.Removal) *int64 { return &r.UnknownIDs }},
	{"exposures", "user_id = ?", func(r *catalog.Removal) *int64 { return &r.Exposures }},
	{"feedback", "user_id = ?", func(r *catalog.Removal) *int64 { return &r.Feedback }},
	{"opinions", "user_id = ?", func(r *catalog.Removal) *int64 { return &r.Opinions }},
	{"preferences", "user_id = ?", func(r *catalog.Removal) *int64 { return &r.Preferences }},
	{"quarantine", "user_id = ? AND user_id <> ''", func(r *catalog.Removal) *int64 { return &r.Quarantine }}, // as its index says
}

// removePerson deletes the rows of a person.
func removePerson(ctx context.Context, tx *sqlx.Tx, user catalog.UserID) (catalog.Removal, error) {
	var gone catalog.Removal
	remove := func(count *int64, query string, args ...any) error {
		done, err := tx.ExecContext(ctx, tx.Rebind(query), args...)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		*count += n
		return err
	}
	for _, t := range personTables {
		count := new(int64)
		if t.count != nil {
			count = t.count(&gone)
		}
		if err := remove(count, "DELETE FROM "+t.table+" WHERE "+t.where, string(user)); err != nil {
			return gone, err
		}
	}
	lines, err := removeLines(ctx, tx, user)
	gone.Quarantine += lines
	if err != nil {
		return gone, err
	}
	gone.Overrides, err = removeOverrides(ctx, tx, user)
	return gone, err
}

// removeLines takes the refused lines out of quarantine that name a person, and
// returns how many.
func removeLines(ctx context.Context, tx *sqlx.Tx, user catalog.UserID) (int64, error) {
	holds := "instr(line, ?) > 0"
	if tx.DriverName() == Postgres {
		holds = "position(?::bytea IN line) > 0"
	}
	query := tx.Rebind("SELECT source, position, line FROM quarantine WHERE (source, position) > (?, ?) AND " + holds + " ORDER BY source, position LIMIT ?")
	var after catalog.RefusedPlace // before all of them: no source is empty
	var gone int64
	for {
		var theirs []catalog.RefusedPlace
		read := 0
		err := each(ctx, tx, func(rows *sqlx.Rows) error {
			read++
			var line []byte
			err := rows.Scan(&after.Source, &after.Offset, &line)
			if namesPerson(line, user) {
				theirs = append(theirs, after)
			}
			return err
		}, query, after.Source, after.Offset, []byte(user), pageQuarantine)
		if err != nil {
			return gone, err
		}
		n, err := releaseLines(ctx, tx, theirs)
		gone += int64(n)
		if err != nil || read < pageQuarantine {
			return gone, err
		}
	}
}

// namesPerson reports whether a field of line, but the first, is user. The field
// that [namesForgotten] looks at is one of them, and is read as there.
func namesPerson(line []byte, user catalog.UserID) bool {
	_, rest, more := bytes.Cut(line, []byte(","))
	for more {
		var field []byte
		field, rest, more = bytes.Cut(rest, []byte(","))
		if string(bytes.TrimSpace(field)) == string(user) {
			return true
		}
	}
	return false
}

// erase removes from the disk what Forget deleted. What fails is logged: the
// rows are gone for all who ask the store.
func (s *Store) erase(ctx context.Context, user catalog.UserID) {
	var err error
	if s.kind == SQLite {
		err = s.eraseSQLite(ctx, user)
	} else {
		err = s.erasePostgres(ctx)
	}
	if err != nil {
		s.log.WarnContext(ctx, "someone was forgotten, but traces may still be on the disk; run VACUUM on the store", "store", s.name, "error", err)
	}
}

// eraseSQLite empties the write-ahead log, and rewrites the file if a page of it
// holds the id.
func (s *Store) eraseSQLite(ctx context.Context, user catalog.UserID) error {
	if err := s.emptyLog(ctx); err != nil {
		return err
	}
	var found bool
	// Through SQLite: a program that opens and closes the file itself loses the
	// locks which SQLite holds on it. Meanwhile others may write.
	const query = "SELECT EXISTS (SELECT 1 FROM sqlite_dbpage WHERE instr(data, ?) > 0)"
	if err := s.reader.GetContext(ctx, &found, query, []byte(user)); err != nil || !found {
		return err
	}
	if _, err := s.writer.ExecContext(ctx, "VACUUM"); err != nil {
		return fmt.Errorf("rewrite the file: %w", err)
	}
	return s.emptyLog(ctx)
}

// emptyLog writes all of the write-ahead log into the file and cuts it to
// nothing. It waits for readers, as long as a writer waits for another.
func (s *Store) emptyLog(ctx context.Context) error {
	var busy, pages, moved int
	if err := s.writer.QueryRowxContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	if busy != 0 {
		return errors.New("the write-ahead log cannot be emptied, since somebody is reading; it is emptied when the last program closes the store")
	}
	return nil
}

// erasePostgres lets the server use the room of deleted rows again, without
// keeping writers waiting.
func (s *Store) erasePostgres(ctx context.Context) error {
	names := []string{"experiments", "changes"} // rewritten where they named the person
	for _, t := range personTables {
		names = append(names, t.table)
	}
	_, err := s.reader.ExecContext(ctx, "VACUUM "+strings.Join(names, ", "))
	return err
}
