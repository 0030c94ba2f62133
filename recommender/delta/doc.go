// Package delta keeps a serving bundle up to date with the catalog: a movie that
// was added or edited after the build is embedded in the bundle's own space and
// listed within seconds, without a build and without holding up a request.
//
// A [Delta] is a bundle with the movies that came after it. It is a pure, immutable
// value: [Delta.With] makes the next one, which shares all that has not changed. A
// movie keeps its row; what is new stands behind. The neighbour table is exact, as
// [indexer.Extended] says: a movie that came later is found from its neighbours
// and they from it, as if it had been there when the bundle was built. The models
// of the bundle are extended, so that it is listed by every arm.
//
// A [Follower] reads the store's log of changes, embeds, and hands each new
// snapshot to the service by one swap. It begins where the manifest of the bundle
// says that the build began to read, and begins anew with every bundle. It also
// sees to it that people who were forgotten are not remembered.
//
// A movie that leaves the catalog is not taken out before the next build.
package delta
