// Package catalogapi is a client of the catalog API, the service that knows
// what the stream's movie and user ids stand for. It speaks both editions: one
// id a request (2025), or up to 200 (2026).
//
// [DecodeMovie] and [DecodeUser] read the API's JSON, whose values come as
// numbers or as strings, and whose empty values come as "null", "", "0", 0, {},
// [] or not at all. What has no place in the types of package catalog is kept
// in Extra under its own name.
//
// A [Client] asks politely: at most so many requests a second and at a time,
// with a pause for everybody when the service says Retry-After, and retries
// with exponential back-off and jitter (failsafe-go). [Client.Crawl] asks for
// many ids and writes what it learns to a store as it goes, negative answers
// too, so that a crawl which was interrupted asks for nothing twice.
//
// Failures are of three kinds. An id may be unknown, which is an answer. A
// record may be unreadable or refused, which is that id's fault and no one
// else's. A service that cannot be reached ends the crawl with an error that
// wraps catalog.ErrUnavailable; the same crawl later goes on where it ended.
package catalogapi
