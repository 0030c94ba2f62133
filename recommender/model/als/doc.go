// Package als learns factors of movies from what people watched, and scores
// movies by the inner product with factors of a history, which are solved when
// they are asked for: implicit-feedback matrix factorization by alternating least
// squares (Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback
// Datasets", 2008).
//
// # What it promises
//
// [TrainMatrix] works on a sparse matrix of confidences and needs no more than it,
// its transpose and the factors: a million people, 27,000 movies and 100 million
// values take 1.8 GiB at 64 factors. [Train] makes that matrix of [model.Data]. The same
// data, settings and seed give the same bits at any GOMAXPROCS, on one path of the
// kernels: rows are solved each by itself, and sums over rows run in blocks whose
// number and bounds hang on the number of rows alone.
//
// A [Model] keeps nothing of any person. [Model.FoldIn] solves a history exactly
// (Cholesky): a new watch counts at once, and nobody needs to have been trained on.
//
// # The objective
//
// With s the product of a person's and a movie's factors, x any row of either
// side, c the confidence of an observed pair, w the weight of one that was not:
//
//	plain      sum over observed of c(1-s)² + sum over others of w*s² + sum of l(x)|x|²
//	all-pairs  sum over observed of c(1-s)² + sum over all    of w*s² + sum of l(x)|x|²
//
// The first, with w 1 and one l for all, is what the Python package implicit
// lessens; the second is iALS as in Rendle, Krichene, Zhang and Koren, "Revisiting
// the Performance of iALS on Item Recommendation Benchmarks" (2021), whose section
// on regularisation Nu and Normalize follow: l(x) grows with how often x was
// observed, to the power of nu, and all are scaled together, so that lambda need
// not be tuned anew for every nu. [Trainer.Loss] computes either whole.
//
// # Solvers
//
// "cg" takes three steps of conjugate gradients from where a row stands (Takács,
// Pilászy and Tikk, "Applications of the Conjugate Gradient Method for Implicit
// Feedback Collaborative Filtering", 2011), with the fused kernels of
// [vec.Gather]. "block" solves blocks of coordinates exactly (iALS++, Rendle et al.
// 2021). On two cores that did other work as well, 200,000 x 27,000 x 10 million at 64 factors takes 0.33 s a
// sweep where implicit takes 2.6; losses agree to six digits (tests/bench/peers/als).
//
// # Movies nobody watched
//
// Their factors are predicted from their vectors by a ridge regression, learned on
// the movies that were watched, each weighing n/(n+10) for n watchers, its penalty
// chosen on four folds of movies. Predictions are stretched to the length of what
// they predict: else such movies would hardly reach a list. On ml-latest-small, 365
// movies of five or more watchers held out with all that was done with them, vectors
// of lsa of 128 dims:
//
//	                          NDCG@20 among them   NDCG@20 among all   their share of all places
//	content alone             0.189                0.018               5.8%
//	predicted, unstretched    0.254                0.005               0.6%
//	predicted                 0.248                0.045               8.1%
//	their true popularity     0.391                                     (nobody could know it)
//
// # Popularity
//
// Debias weighs observations by inverse propensity. The same data, the last fifth
// by time, lists of 20:
//
//	debias, limit   NDCG@20   movies in any list   mean watchers
//	0               0.1371    10.0%                123
//	0.1             0.1363    10.9%                119
//	0.25            0.1351    13.0%                111
//	0.5, 10         0.1243    21.7%                84
//	0.5, 3          0.1238    20.0%                113
//	1, 10           0.0279    40.6%                15
//	1, 3            0.1180    23.9%                121
package als
