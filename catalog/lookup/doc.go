// Package lookup asks the catalog API for the movies and people that the event
// stream names and the store does not know, while the stream goes on.
//
// [Lookup.Sink] stands between a source and a store: what it lets through it also
// offers, without ever waiting, to a bounded queue. [Lookup.Run] takes ids from the
// queue, some at a time and movies first, asks the API for those that are absent,
// and stores the answers, "unknown" included. At the start and from time to time
// it asks the store itself what is missing (a sweep): so what did not fit into the
// queue, or was in it when the process ended, is found later.
//
// Most lines name ids that were met before. A memory of fixed size, two
// generations of hashes, keeps them from being looked at twice; a generation ends
// after half of [Config.NegativeAge], so that an id which the API did not know is
// asked for again.
//
// An API that cannot be reached, or that says nothing which shows it to be the
// catalog API, is asked again later and later, which is said once. A single id
// whose record cannot be had waits longer after each failure, and holds up no
// other.
package lookup
