// Package sqlstore keeps the facts of a catalog in SQL: in one SQLite file, the
// embedded default for one server, or in PostgreSQL, for several. It is the
// only package with SQL in it, and both databases pass the same kit,
// catalog/catalogtest.
//
// # Promises
//
// Every method that writes is one transaction: all of it is stored or nothing
// is. Storing a thing twice is the same as once, and the order in which events
// arrive never shows in what is stored, because a row of a history is folded by
// a function that is commutative, associative and idempotent (fold.go).
//
// [Store.Append] makes the rows of a batch, the counts of its lines and the
// offset after it durable together, and only where the partition stood at the
// batch's beginning; so whatever is tried again is stored once. Who was
// forgotten ([Store.Forget]) is known by a keyed hash alone, and everything that
// writes what people did leaves them out, in the transaction that writes.
//
// There is one writer at a time on each database: SQLite has one by nature, on
// PostgreSQL a transaction takes an advisory lock first. So a writer may read,
// compare and write without a race, and the sequence numbers of
// [Store.ActiveSince] become visible in their own order: a reader that has seen
// number 7 never meets a 6 that was committed late. Readers never wait for a
// writer, nor a writer for readers.
//
// [Store.ActiveSince] and [Store.ChangesSince] are what servers follow, by
// sequence numbers that never restart: people whose histories or records
// changed, and all else that changed. Iterators read in pages and hold nothing
// between them; [Store.Freeze] gives a view of one moment instead.
// [Store.Prune] removes what is too old in small transactions.
//
// Ids and texts are ordered by their bytes, on both databases alike. Times are
// kept to the microsecond, in UTC; what is finer is cut off before anything is
// compared.
//
// # Errors
//
// A database that is unreachable, locked for longer than [LockWait], full,
// read-only or gone gives an error that wraps [catalog.ErrUnavailable] and says
// what to do; the call may be repeated later. Input that can never be stored
// wraps [catalog.ErrInvalid]; what the store itself cannot have written,
// [catalog.ErrDamaged].
//
// A PostgreSQL whose host falls silent is given up when it acknowledges nothing
// for half a minute. A proxy between may go on acknowledging; a call ends with its
// context then, or seconds later. No error and no log line holds the password of a
// URL: see [Redact].
package sqlstore
