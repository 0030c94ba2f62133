// Package overlay lays changes over what a build made: movies that were added,
// edited, removed or hidden since, and editors' corrections of neighbours.
//
// A [State] is a pure, immutable value. Each change makes the next one, which shares
// all that has not changed. A movie keeps its row; what is new stands behind. The
// neighbour table is exact, as [indexer.Extended] says, and the index takes the same
// changes, if it can; models are extended. So a movie that came later is listed by
// every arm, as if it had been there when the bundle was built.
//
// A server lays on what it reads in the log of changes (recommender/delta), a bundle
// what "marquee reindex" found (recommender/bundle).
package overlay
