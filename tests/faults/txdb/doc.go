// Package txdb is a small database in memory with real transactions: what a
// transaction wrote is seen by none before its commit, and by all after it. A
// test can fail or end it at every step: see [Step].
//
// On it stand a sink that keeps the contract of catalog/stream.Sink, and the
// [Mutants], each of which breaks it in one way. A test of ingestion that lets
// one of them pass proves nothing.
package txdb
