// Package ledger keeps the books of a test of ingestion: it invents the lines
// of a stream of which it knows what each one means, works out by a model of
// its own what a store must hold once all of them were read, and compares.
//
// The model shares nothing with the product: it is not parsed but written down
// when the lines are made, and folded here in the plainest way. What differs is
// named precisely, as a [Finding]: an event that is [Missing], one that was
// applied twice ([Double]), or one that never was ([Phantom]).
//
// Folded rows cannot show a double, since folding is idempotent. The witnesses
// for doubles are the intake counters, which count each applied line once, and
// the spans that were told as applied: see [Book.Cover].
package ledger
