// Package qdrant is an index on a Qdrant server, through github.com/qdrant/go-client
// over gRPC.
//
// A build makes a collection of its own, "marquee-<name>-<time>", so that a row means
// the same movie as long as the collection is there. [Client.Build] uploads, waits for
// the server's optimizer, measures recall and compares a sample and exact answers with
// the vectors at hand; only then is the collection marked complete, by an alias of its
// own. [Index.Publish] swaps the alias "marquee", in one call, for people and programs
// that want the collection that is live; an Index itself asks its own collection,
// since a row of one build is no row of another. What a killed build left, a
// collection without a mark, is swept by a later one.
//
// The server decides which points are near. Scores are made here, from the vectors of
// the bundle, so that they are those of any other index to the bit, and ties are
// broken by row; Qdrant promises no order among equals.
//
// Rows that came later ([Index.With]) are points of their own, whose id is derived from
// row and vector. So nothing that another server reads is written over: two servers
// may send the same change, and one that knows less than another leaves out the points
// that it does not know. The next build folds them in.
//
// Every search has an end ([Config].Timeout), and no second attempt: who asks has
// something else to answer from. After several failures in a row the server is left
// alone for a moment, and searches fail at once. Uploads try again, with growing
// pauses. What may pass wraps [catalog.ErrUnavailable].
package qdrant
