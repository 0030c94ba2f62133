// Package linear is what models share whose score is an inner product of a person's
// numbers with a movie's, plus a number of the movie: the movies' numbers as bytes, along
// the axes of their spread ([Table]), the mean and deviation of all scores without making
// them ([Statistics]), and the regression that finds a person's numbers from a short
// history ([Ridge]).
package linear
