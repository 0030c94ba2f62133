// Package coderhnsw is an approximate index over github.com/coder/hnsw v0.6.1,
// kept within what that library does well. Reading its source and measuring it
// gave the rules here:
//
//   - Its search stops at the first step without a new minimum and drops
//     candidates by their place in a heap, not by their distance: recall at 20 is
//     some 0.2 on 27,000 vectors at any EfSearch. So it is asked for hundreds of
//     rows ([Config].Fetch), which are scored again exactly and sorted, and the
//     recall that this reaches is measured at the build.
//   - A search begins at a random node of the top layer (the first of a Go map).
//     The last row of a build is given a top layer of its own, so that the same
//     query gets the same answer.
//   - Re-adding a key, deleting the last node and churn panic, and Add races with
//     Search. A graph here is built once, in order, and never changed; searches
//     only read it, which the race detector confirms.
//   - Its file holds every vector once a layer, and reading rubbish panics or
//     allocates without bound. So [Index.WriteTo] stores only the links, and
//     [Read] checks them all before the library sees any.
//
// Two builds of the same vectors differ, because the library breaks ties and
// mends links in the order of Go maps. indexer/hnsw has none of these limits and
// is the default.
package coderhnsw
