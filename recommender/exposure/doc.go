// Package exposure keeps what was served. A request hands its list to a
// [Recorder] and goes on; the recorder writes lists in batches to the store, and
// to a Kafka topic if there is one. Keeping a list must never cost a request its
// answer: what does not fit into the queue is dropped and counted. What a list was made
// from, which is far larger than the list, is the first to be left out.
//
// With a folder to spill to ([Config.SpillDir]), lists that cannot be written, since the
// writer is away or slower than they come, wait on the disk: in files that are appended
// to, with a sum for each list, so that one which a crash cut off is known. They are
// written once the writer is back, oldest first, by this process or the next. While the
// disk is full or fails, lists wait in the queue, and a batch that was tried as often as
// may be is lost, as without a folder. A segment is removed when all of it is written, so a
// crash between may write some of it again: the store keeps each request once, readers of a
// topic tell them by the request id. Of people who were forgotten nothing is written again,
// and what the folder has of them goes with its segment.
package exposure
