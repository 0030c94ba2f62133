// Package post takes events over HTTP: POST /events with lines of the stream in
// its body.
//
// A request is answered when its lines are in the store, not before. It carries an
// Idempotency-Key, under which the store keeps the hash of the body: the same body
// again, after an answer that was lost, changes nothing and gets the same answer;
// another body under the same key is refused.
//
// A [Source] is the handler and, at the other end of a bounded queue, a source of
// batches for [marquee/catalog/stream.Run].
package post
