// Package rank turns what a person watched into a list of movies. It holds
// pure functions over one immutable [Snapshot]: no store, no clock, no network.
//
// A list is made in four steps. Candidates are the neighbours of the watched
// movies, merged from the neighbour table, and the most popular movies. Each
// candidate has three features on one scale, 0 to 1: similarity (weighted by
// preference and recency), quality (a Bayesian mean of ratings) and popularity
// (decaying with time). The blend is their weighted mean. Rules keep out what
// was watched, what is not released, and adult movies for anyone not known to
// be of age.
package rank
