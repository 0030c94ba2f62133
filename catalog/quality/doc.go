// Package quality says what is wrong with the data: it profiles every table of a
// store, checks them against a [Schema], and compares two windows of events for
// drift.
//
// [Run] reads every table once and the events a second time for the drift. It
// holds the movies (some 300 bytes each), 8 bytes for each person with a record,
// and of all else a bounded summary (see catalog/stats), so tens of millions of
// watches are a matter of time, not of memory.
//
// Words. A column is missing in a row whose fact is not known, as Marquee writes
// it: an empty text, a 0 where 0 means unknown. A hole is a row that names a movie
// or a person the catalog lacks. A failing row is one that a check refuses; a
// check that allows a share of them passes up to that share. A window is a span of
// event time, half open. A watch belongs to the window in which its last minute
// fell.
//
// Doubts. Events of one person are not independent, and one person may have
// thousands. In the drift a person therefore counts with the first 50 observations
// of a feature at most, by movie id, and the tests count people, not events
// (stats.EffectiveN), as if all events of one person were alike: they are
// conservative, and a small shift among few people is not found. A minute that
// is watched after a window takes its watch out of the window, so the current
// window holds a few more unfinished watches than the reference. What is stored
// while Run reads may be in one table and not yet in another.
//
// A [Result] holds no person's id unless it was asked for ([Options].ShowIDs).
package quality
