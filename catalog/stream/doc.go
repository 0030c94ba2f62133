// Package stream reads the event stream: one line a minute watched, a rating, a
// recommendation request or a new account, in the formats of both editions.
//
// The words: a [Grammar] reads one line into an [Event] or says, with a
// [Reason], why it cannot. A [Source] reads many lines and hands them over as
// batches; what could not be read is in the batch too, so that nothing is
// dropped unseen. [Run] carries batches from a source into a [Sink], which
// makes a batch's rows and the offset after it durable in one transaction.
//
// The sources here are a [File] that is read to its end, a [Tail] that follows one
// as it grows and rotates, and a [Pipe]; topics and posts have packages of their
// own, kafka and post. All end in the same [Rows].
//
// # Offsets and identity
//
// A batch covers the bytes From to To of its partition. The sink refuses a
// batch that does not begin where it stands, and Run then moves the source to
// where it does. So a crash or a second run neither loses nor doubles a line.
// To begin elsewhere on purpose, see [From], the first batch carries a
// [catalog.Move], and the offset moves in that batch's transaction.
//
// A file's partition is named by the hash of its beginning, not by its path: a
// renamed or rotated file is the same partition. What stood before the offset tells
// files apart that begin alike. See [OpenFile] for what happens when a file grows,
// is cut, is edited, or ends within a line, and [Tail] for rotation.
//
// # When the store is away
//
// A database that is down or a disk that is full stops the reading, not Run,
// which resumes by itself: see [RunConfig]. Nothing is read ahead meanwhile but
// what a source's own bounds allow.
//
// # Quarantine
//
// A refused line is stored with its [Reason], its place and whom it names. After
// the grammar, the zone or the scale was mended, [Reread] reads it again. A
// [Window] tells the share of refused lines of the last while.
//
// # Limits
//
// A line has at most [MaxLineBytes] bytes; of a refused line at most
// [MaxKeptBytes] are kept. A batch has at most Config.BatchLines lines. One of a
// [Tail] or a [Pipe] has fewer when the lines pause, but for the first of a pipe,
// which names it.
package stream
