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
//	  live                 the ID of the bundle that serves, and what served before
//	  3f9c.../manifest.json
//	  3f9c.../movies.bin      ids, titles, years, days of release, adult flags
//	  3f9c.../facts.bin       genres, languages, hashes of documents
//	  3f9c.../vectors.bin     [movies x dims] float32
//	  3f9c.../neighbours.bin  the neighbour table
//	  3f9c.../stats.bin       quality, popularity, watchers
//	  3f9c.../histories.bin   who watched what, for when the store is away
//	  3f9c.../index.bin       what the index backend keeps, if anything
//	  3f9c.../embedder.bin    a fitted embedder's parameters, if any
//	  3f9c.../model-als.bin   a trained model, one file each
//	  3f9c.../lists-als.bin   lists that were precomputed with it, if any
//	  3f9c.../later.bin       what was laid over a build without building anew, if anything
//	  3f9c.../editorial.bin   hidden movies and corrections of neighbours, if any
//
// # Patches
//
// A bundle with a later.bin is a build with a patch ([Shelf.PutPatch]): movies that
// were added, edited or removed since. All its other files, but for editorial.bin, are those of the build, the
// very same where the file system has hard links, so a patch of one movie is a
// kilobyte and a list of names. [Shelf.Load] lays the patch over the build with
// package overlay, which gives to the bit what a server that
// followed the same changes has in memory: rows of the build stay, new movies
// stand behind them, and those that left keep their rows and are gone. Models are read with
// the movies that their files know (Model.Rows in the manifest) and told of the others by
// their vectors.
//
// A patch over a bundle with a patch is one patch over the build. A loaded bundle with a
// patch remembers both, so that it is written again as what it was, with other
// models or lists if it was given such. Nothing changes a file in place; who mends or forgets
// writes a file of its own, so bundles that share files do not feel it.
//
// # Formats
//
// A program writes [Format] and reads every format from 1. testdata/format1 and so on
// are shelves that programs of each format wrote, and formats_test.go reads them all:
// they never change. To make a new format:
//
//   - With the old code, run the tests: TestFormat4 shows that today's program still
//     writes what is in testdata/format4.
//   - Raise [Format], and say in its comment what came with it. A file or a field that
//     an old bundle does not have must mean something when it is missing.
//   - Copy TestFormat4 to TestFormat5, let writeFixture make a bundle with all that
//     is new, and run "go test ./recommender/bundle -run TestFormat5 -update", which
//     writes testdata/format5 and tells its IDs. Put them in the test.
package bundle
