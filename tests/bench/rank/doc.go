// Package rank times the ranking of a catalog of 27,000 movies with every part of the
// default blend, and its rival in the same run, which scores all of them:
//
//	go test -run '^$' -bench . ./tests/bench/rank
//
// Its people and movies are invented, see modeltest.World, and the parts are trained
// with fewer rounds than in earnest: rounds change weights, and not what an answer
// takes.
package rank
