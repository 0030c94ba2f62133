// Package pgtest gives tests a real PostgreSQL.
//
// A package whose tests need one calls [Main] from its TestMain and [DSN] in
// each test. The server is the one that MARQUEE_TEST_POSTGRES names, or else one
// that is started from the machine's own initdb and postgres: in a folder of its
// own that nobody else may enter, listening on nothing but a Unix socket there,
// as an unprivileged user (initdb refuses root), without fsync, and gone when
// the tests are. It takes some two seconds, once for each test binary that asks.
//
// Where PostgreSQL is missing the tests are skipped, and the reason is said;
// with CI=true in the environment they fail. With -short they are skipped.
package pgtest
