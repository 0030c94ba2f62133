// Package alike measures how alike two movies or two people are by the numbers
// that both have: what the neighbour models, of movies and of people, share.
//
// The measures over common entries are those that Surprise names cosine, pearson
// and pearson_baseline, so that both sides can be compared; [Cosine] divides by
// the whole length of either, which ranks far better, since two movies with one
// common watcher are not the same movie. All can be shrunk towards 0 where
// little is known (Bell and Koren, "Improved Neighborhood-based Collaborative
// Filtering", 2007; Koren, "Factor in the Neighbors", 2010, equation 2).
package alike
