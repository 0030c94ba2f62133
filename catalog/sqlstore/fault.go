package sqlstore

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"marquee/catalog"
)

var errClosed = fmt.Errorf("it was closed: %w", catalog.ErrUnavailable)

// fault wraps err with the operation and the store, and with what to do about
// it where the database itself is at fault. It returns nil for nil.
func (s *Store) fault(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	wrap := func(advice string, kind error) error {
		return fmt.Errorf("%s: store %s: %s: %w: %w", op, s.name, advice, err, kind)
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	case errors.Is(err, catalog.ErrInvalid), errors.Is(err, catalog.ErrUnavailable), errors.Is(err, catalog.ErrDamaged):
		return fmt.Errorf("%s: store %s: %w", op, s.name, err)
	case errors.Is(err, catalog.ErrNotFound), errors.Is(err, catalog.ErrOffset), errors.Is(err, catalog.ErrConflict):
		return fmt.Errorf("%s: %w", op, err)
	case s.closed.Load():
		return wrap("it was closed", catalog.ErrUnavailable)
	}
	if advice, kind := adviceFor(err); kind != nil {
		return wrap(advice, kind)
	}
	return fmt.Errorf("%s: store %s: %w", op, s.name, err)
}

// adviceFor returns what to do about an error of a database, and the sentinel
// it belongs to; nil if it is none of the known ones.
func adviceFor(err error) (advice string, kind error) {
	if code := sqliteCode(err); code != 0 {
		return sqliteAdvice(code)
	}
	if state := postgresState(err); state != "" {
		return postgresAdvice(state)
	}
	if errors.Is(err, context.Canceled) { // not the caller's own: see fault
		return "the connection ended with another call; try again", catalog.ErrUnavailable
	}
	if refused := (*tls.CertificateVerificationError)(nil); errors.As(err, &refused) {
		return "the server's certificate is not accepted; renew it, or correct sslrootcert", catalog.ErrUnavailable
	}
	var network net.Error
	if errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the database does not answer; check that it runs and that host and port are right", catalog.ErrUnavailable
	}
	return "", nil
}

// sqliteAdvice is adviceFor of a result code of SQLite, extended or not.
func sqliteAdvice(code int) (advice string, kind error) {
	for _, f := range sqliteFaults {
		if code&0xff == f.code {
			return f.advice, f.kind
		}
	}
	return "", nil
}

// postgresAdvice is adviceFor of an SQLSTATE.
func postgresAdvice(state string) (advice string, kind error) {
	for _, f := range postgresFaults {
		if strings.HasPrefix(state, f.state) {
			return f.advice, f.kind
		}
	}
	return "", nil
}

// sqliteFaults is by primary result code.
var sqliteFaults = []struct {
	code   int
	advice string
	kind   error
}{
	{sqlite3.SQLITE_BUSY, "another program holds its lock; stop that program, or try again when it is done", catalog.ErrUnavailable},
	{sqlite3.SQLITE_LOCKED, "another program holds its lock; stop that program, or try again when it is done", catalog.ErrUnavailable},
	{sqlite3.SQLITE_PROTOCOL, "other programs were in the way while its write-ahead log was opened; try again", catalog.ErrUnavailable},
	{sqlite3.SQLITE_INTERRUPT, "it was interrupted with another call; try again", catalog.ErrUnavailable},
	{sqlite3.SQLITE_ABORT, "it was rolled back with another call; try again", catalog.ErrUnavailable},
	{sqlite3.SQLITE_SCHEMA, "another program changed its tables meanwhile; try again", catalog.ErrUnavailable},
	{sqlite3.SQLITE_NOMEM, "this program has no memory left; give it more", catalog.ErrUnavailable},
	{sqlite3.SQLITE_FULL, "the disk is full; make room", catalog.ErrUnavailable},
	{sqlite3.SQLITE_IOERR, "the disk gives errors or is full; check it", catalog.ErrUnavailable},
	{sqlite3.SQLITE_READONLY, "it may not be written; allow it for the file and its folder", catalog.ErrUnavailable},
	{sqlite3.SQLITE_PERM, "it may not be opened; allow it for the file and its folder", catalog.ErrUnavailable},
	{sqlite3.SQLITE_CANTOPEN, "it cannot be opened; check that file and folder may be written", catalog.ErrUnavailable},
	{sqlite3.SQLITE_NOTADB, "it is no SQLite file, or its head is damaged; name another file, or restore a copy", catalog.ErrDamaged},
	{sqlite3.SQLITE_CORRUPT, "the file is damaged; restore a copy", catalog.ErrDamaged},
}

// postgresFaults is by SQLSTATE or its class; the first match wins.
var postgresFaults = []struct {
	state  string
	advice string
	kind   error
}{
	{"08", "the connection broke; check that the server runs", catalog.ErrUnavailable},
	{"22021", "a text is not valid UTF-8 or holds a NUL byte", catalog.ErrInvalid},
	{"25006", "it may not be written; connect to the primary server", catalog.ErrUnavailable},
	{"25P03", "the transaction was idle for longer than the server allows; raise idle_in_transaction_session_timeout, or try again", catalog.ErrUnavailable},
	{"25P04", "the transaction took longer than the server allows; raise transaction_timeout, or try again", catalog.ErrUnavailable},
	{"26000", "the connection has lost its statements; let a pooler before the server pool sessions, not transactions", catalog.ErrUnavailable},
	{"28", "the server refused user or password; check both", catalog.ErrUnavailable},
	{"3D000", "there is no such database; make it with createdb", catalog.ErrUnavailable},
	{"40", "another transaction was in the way; try again", catalog.ErrUnavailable},
	{"42501", "the user may not do that; grant it", catalog.ErrUnavailable},
	{"53100", "the server's disk is full; make room", catalog.ErrUnavailable},
	{"53", "the server has no connections or memory left; raise its limits or stop other clients", catalog.ErrUnavailable},
	{"55P03", "another program holds its lock; stop that program, or try again when it is done", catalog.ErrUnavailable},
	{"55", "the server cannot do that as it stands now; try again", catalog.ErrUnavailable},
	{"57", "the server is starting, stopping or cancelled the query; try again", catalog.ErrUnavailable},
	{"58", "the server's disk gives errors; check it", catalog.ErrUnavailable},
	{"72000", "the server gave up on rows that are too old for it; try again", catalog.ErrUnavailable},
	{"XX001", "the server found damaged data; check its disk, or restore a copy", catalog.ErrDamaged},
	{"XX002", "the server found a damaged index; rebuild it with REINDEX", catalog.ErrDamaged},
	{"XX", "the server met an error of its own; look into its log, or try again", catalog.ErrUnavailable},
}

// damaged says that what the store holds is not what it writes. Of err, which may
// wrap [catalog.ErrInvalid] as if a caller had given it, the text stays.
func damaged(err error) error {
	return fmt.Errorf("%s: %w", err.Error(), catalog.ErrDamaged)
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func postgresState(err error) string {
	var e *pq.Error
	if errors.As(err, &e) {
		return string(e.Code)
	}
	return ""
}
