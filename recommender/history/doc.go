// Package history keeps in memory what people watched and rated: a bounded cache
// over the store, kept fresh by following the store's own sequence of activity.
// A watch that was committed counts within [Config.Poll] and a read of the store,
// far below the 5 seconds that Marquee promises.
package history
