// Package exposure keeps what was served. A request hands its list to a
// [Recorder] and goes on; the recorder writes lists in batches to the store, and
// to a Kafka topic if there is one. Keeping a list must never cost a request its
// answer: what does not fit into the queue is dropped and counted. What a list was made
// from, which is far larger than the list, is the first to be left out.
package exposure
