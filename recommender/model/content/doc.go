// Package content scores a movie by how near its vector lies to those of the
// history: what can be said of a movie that nobody has watched yet. It learns
// nothing, and keeps nothing but its settings; vectors and neighbour table are
// those of the bundle.
//
// There are two ways. By table, each watched movie brings its nearest, and what
// several bring adds up, so a person of two tastes gets both. By profile, the
// vectors of the history are added up, and every movie is held against the sum:
// all movies get a score, at the cost of reading all vectors, and two tastes meet
// in the middle.
package content
