// Package stream reads the event stream: one line a minute watched, a rating, a
// recommendation request or a new account, in the formats of both editions.
//
// The words: a [Grammar] reads one line into an [Event] or says, with a
// [Reason], why it cannot. A [Source] reads many lines and hands them over as
// batches; what could not be read is in the batch too, so that nothing is
// dropped unseen. [Run] carries batches from a source into a [Sink], which
// makes a batch's rows and the offset after it durable in one transaction.
//
// # Offsets and identity
//
// A batch covers the bytes From to To of its partition. The sink refuses a
// batch that does not begin where it stands, and Run then moves the source to
// where it does. So a crash or a second run neither loses nor doubles a line.
//
// A file's partition is named by the hash of its beginning, not by its path: a
// renamed or rotated file is the same partition. See [OpenFile] for what
// happens when it grows, is cut, or is edited.
//
// # Limits
//
// A line has at most [MaxLineBytes] bytes; of a refused line at most
// [MaxKeptBytes] are kept. A batch has at most Config.BatchLines lines. One of a
// [Pipe] has fewer when the pipe pauses, but for the first, which names it.
package stream
