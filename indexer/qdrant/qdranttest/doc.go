// Package qdranttest is a Qdrant server for tests: in this process, in memory, behind a
// real listener, on the service interfaces that go-client generates.
//
// It keeps to what Qdrant documents, and is the stricter where Qdrant leaves a choice:
// collections and aliases share their names; an unknown collection, a wrong dimension,
// a missing point or key fail with the code and text of the real server; filters by a
// field without an index are refused, as in strict mode; points of equal score come in
// the order that a caller expects least, by descending id. Searches are exact, unless
// [Server.Blur] says otherwise. Faults are put in by [Server.Inject].
package qdranttest
