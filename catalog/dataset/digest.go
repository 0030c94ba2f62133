package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"marquee/catalog"
)

// hashBytes is how much a tally gathers before it hashes: a row alone, of some
// 50 bytes, would cost twice as much.
const hashBytes = 32 << 10

// A Digest computes the version of rows that pass by. The tables may come in any
// order or mixed, the rows of each in the order of [Rows]: a row out of order is
// an error that wraps [catalog.ErrInvalid]. It is for one goroutine.
type Digest struct {
	scale    catalog.Scale
	movies   tally[catalog.Movie]
	users    tally[catalog.User]
	seen     tally[catalog.UserSeen]
	accounts tally[catalog.Account]
}

// NewDigest begins a digest of rows whose ratings lie on scale.
func NewDigest(scale catalog.Scale) *Digest { return &Digest{scale: scale} }

// Movie adds one movie.
func (d *Digest) Movie(m catalog.Movie) error { return add(movieKind, &d.movies, &m) }

// User adds one person's record.
func (d *Digest) User(u catalog.User) error { return add(userKind, &d.users, &u) }

// Seen adds one movie of a history. BenchmarkDigest has the time.
func (d *Digest) Seen(s catalog.UserSeen) error { return add(seenKind, &d.seen, &s) }

// Account adds one account.
func (d *Digest) Account(a catalog.Account) error { return add(accountKind, &d.accounts, &a) }

// Version returns the version of the rows so far, 32 hex digits.
func (d *Digest) Version() string {
	return versionOf(d.scale, []Table{
		d.movies.table(tableMovies), d.users.table(tableUsers), d.seen.table(tableSeen), d.accounts.table(tableAccounts),
	})
}

// versionOf returns the version of tables with their rows and digests.
func versionOf(scale catalog.Scale, tables []Table) string {
	h := sha256.New()
	fmt.Fprintf(h, "marquee data 1\nscale %s\n", scale)
	for _, t := range tables {
		fmt.Fprintf(h, "%s %d %s\n", t.Name, t.Rows, t.Digest)
	}
	return hex.EncodeToString(h.Sum(nil))[:versionDigits]
}

// A tally is the digest of one table.
type tally[V any] struct {
	hash hash.Hash
	line []byte // rows that are not hashed yet
	rows int64
	last V
}

// add adds v to t after the checks of its kind.
func add[V, R any](k *kind[V, R], t *tally[V], v *V) error {
	extra, err := k.check(v)
	if err != nil {
		return err
	}
	return addChecked(k, t, v, extra)
}

func addChecked[V, R any](k *kind[V, R], t *tally[V], v *V, extra string) error {
	if t.rows > 0 && k.order(&t.last, v) >= 0 {
		return fmt.Errorf("%s: row %d, %s, comes after %s, want each once and in order: %w", k.name, t.rows+1, k.key(v), k.key(&t.last), catalog.ErrInvalid)
	}
	if t.hash == nil {
		t.hash = sha256.New()
		t.line = make([]byte, 0, 2*hashBytes)
	}
	t.line = k.canon(t.line, v, extra)
	t.last = *v
	t.rows++
	if len(t.line) >= hashBytes {
		t.hash.Write(t.line)
		t.line = t.line[:0]
	}
	return nil
}

// table returns the rows and the digest so far.
func (t *tally[V]) table(name string) Table {
	h := sha256.New()
	if t.hash != nil {
		t.hash.Write(t.line)
		t.line = t.line[:0]
		h = t.hash
	}
	return Table{Name: name, Rows: t.rows, Digest: hex.EncodeToString(h.Sum(nil))}
}

func orderMovies(a, b *catalog.Movie) int { return cmp.Compare(a.ID, b.ID) }

func orderUsers(a, b *catalog.User) int { return cmp.Compare(a.ID, b.ID) }

func orderSeen(a, b *catalog.UserSeen) int {
	if c := cmp.Compare(a.User, b.User); c != 0 {
		return c
	}
	if c := cmp.Compare(b.At.UnixMicro(), a.At.UnixMicro()); c != 0 {
		return c
	}
	return cmp.Compare(a.Movie, b.Movie)
}

func orderAccounts(a, b *catalog.Account) int {
	if c := cmp.Compare(a.User, b.User); c != 0 {
		return c
	}
	return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro())
}
