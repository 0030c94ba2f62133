// Package delta keeps a serving bundle up to date with the catalog: a movie that
// was added or edited after the build is embedded in the bundle's own space and
// listed within seconds, without a build and without holding up a request.
//
// A [Follower] reads the store's log of changes, lays them on what serves
// ([overlay.State]), and hands each new state to the service by one swap. It begins
// where the manifest of the bundle says that the build began to read, and begins anew
// with every bundle. It also sees to it that people who were forgotten are not
// remembered.
//
// Changes wait for no more than they need. What editors hide, show again, pin or block
// holds with the next look, a quarter of a second later, whatever else is under way: the
// store is asked what holds now, so a change that was lost with age does no harm. A
// movie that left the catalog waits for a goroutine that changes neighbours and index,
// one that came or changed also for the embedder. The last change of a movie counts.
// Until the store has answered, what the bundle says of all this holds.
package delta
