// Package load asks a server at a constant rate and tells how long callers waited. Each
// request has a time at which it is due, whatever became of those before it, and its
// latency counts from then: a server that stalls cannot hide it by being asked less
// (coordinated omission: Tene, "How NOT to measure latency", 2015).
package load
