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
// (by Cholesky): a new watch counts at once, and nobody needs to have been trained on.
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
// they predict, so that Config.ColdScale means the same on all data, and then
// scaled by it. The scale decides how often such a movie reaches a list: at 0.5
// hardly ever, at 1 about as often as others. On ml-latest-small, 365
// movies of five or more watchers held out with all that was done with them, vectors
// of lsa of 128 dims:
//
//	                       NDCG@20 among them   NDCG@20 among all   their share of all places
//	content alone          0.186                0.016               5.7%
//	cold_scale 0.5         0.242                0.009               1.1%
//	cold_scale 0.7         0.242                0.022               3.3%
//	cold_scale 0.85        0.242                0.037               6.4%
//	cold_scale 1           0.242                0.058               11.2%
//	cold_scale 1.3         0.242                0.098               25.5%
//	their true popularity  0.391                0.153               18.2% (nobody could know it)
//
// There the truth is such movies alone. Where they are what nobody wanted, as in a
// split by time of old data, each of their places is lost, and 0.5 costs little. On
// the inner split (the newest fifth of a training part that lacks everybody's
// newest fifth already), lists of 20:
//
//	cold_scale   NDCG@20   movies in any list   mean watchers
//	0            0.1517    7.7%                 111
//	0.5          0.1506    8.3%                 110
//	0.7          0.1451    9.1%                 109
//	1            0.1291    9.8%                 103
//
// A catalog whose new movies must be seen wants 0.7 to 1.
//
// # Popularity
//
// Debias weighs observations by inverse propensity. The same inner split:
//
//	debias, limit   NDCG@20   movies in any list   mean watchers
//	0               0.1506    8.3%                 110
//	0.1             0.1465    9.3%                 107
//	0.25            0.1412    11.3%                100
//	0.5, 10         0.1261    19.1%                76
//	0.5, 3          0.1290    17.7%                101
//	1, 10           0.0252    33.6%                13
//	1, 3            0.1151    20.4%                108
//
// All tables, and the figures of [DefaultConfig]:
//
//	ALS_TABLES=1 MARQUEE_DATA=folder go test -run Table -v ./recommender/model/als
package als
