// Package rating predicts ratings from what is known of the movie and of the
// person, for data where most people rated once and most movies were rated by
// nobody or by one: a mixed linear model, fitted by penalised least squares.
//
// # The model
//
//	rating = f(facts of the movie) + movie + (group + person)·taste(movie) + noise
//
// f is a ridge regression on the movie's facts: votes of an outside database
// (shrunk by their number), year, runtime, language, genres, how many people
// watched it, and its vector on its main axes. The movie's own effect is what its
// ratings say beyond that, shrunk by their number, so that a movie that nobody
// rated stands at f and one with a thousand ratings at their mean. taste is the
// movie as people differ about it: a constant, genres, a few facts and the
// vector. A person has a weight for each, and so has a group (a band of ages, a
// gender, an occupation); all have a normal prior around 0, so that a person of
// whom nothing is known has the weights of the groups, and a first rating moves
// them a little.
//
// Movie effects and slopes are the random effects of Henderson, "Best Linear
// Unbiased Estimation and Prediction under a Selection Model" (1975): f is fitted
// with the weights 1/(variance between movies + variance of a mean of n ratings),
// so the many movies with one rating and the one with thousands both say of f
// what they can. Effects on facts of items and users, with factors of one's own
// around them, are those of Agarwal and Chen, "Regression-based Latent Factor
// Models" (2009), here with the facts as the factors. The parts are fitted in
// turn, each against what the others leave (backfitting: Buja, Hastie and
// Tibshirani, "Linear Smoothers and Additive Models", 1989).
//
// # Leakage
//
// How many people watched a movie counts the person whose rating is learned from.
// So while f is learned the count is less one, as it is for a rating to come.
// A movie's effect and a person's weights never become features of f.
//
// # What is kept
//
// A [Model] holds of each movie its part of the rating and its taste row, and the
// weights of the groups. A person's weights are computed from the history at each
// request, from rated movies alone: a watch without a rating says which movie was
// chosen, and not what was thought of it.
package rating
