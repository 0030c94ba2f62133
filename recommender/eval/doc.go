// Package eval judges lists of recommendations: anything that can be written as
// a func from a person's history to movies.
package eval
