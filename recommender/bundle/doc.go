// Package bundle keeps builds. A bundle is all that a server needs to answer:
// a directory of files and a manifest with the size and SHA-256 of each. It is
// written beside its place, synced, and renamed; a pointer file named "live"
// says which one serves and moves atomically. So a reader sees an old bundle or
// a new one, never a mixture, whatever is killed when.
//
// A bundle's ID is the digest of its content: the same data, settings and seed
// give the same ID. The time of creation is not part of it.
//
//	bundles/
//	  live                 the ID of the bundle that serves
//	  3f9c.../manifest.json
//	  3f9c.../movies.bin      ids, titles, years, days of release, adult flags
//	  3f9c.../vectors.bin     [movies x dims] float32
//	  3f9c.../neighbours.bin  the neighbour table
//	  3f9c.../stats.bin       quality, popularity, watchers
//	  3f9c.../histories.bin   who watched what, for when the store is away
//	  3f9c.../index.bin       what the index backend keeps, if anything
//	  3f9c.../embedder.bin    a fitted embedder's parameters, if any
//	  3f9c.../model-als.bin   a trained model, one file each
//	  3f9c.../lists-als.bin   lists that were precomputed with it, if any
package bundle
