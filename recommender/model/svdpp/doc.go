// Package svdpp predicts ratings by SVD++ (Koren 2008): biased matrix
// factorisation in which the movies that a person rated or watched, whatever the
// rating, add to their factors. It is trained by stochastic gradient descent as
// scikit-surprise's SVDpp is, at the price of svd; a watch without a rating
// counts in the history as one with, so that it knows more of people who seldom
// rate. Package latent has the model, and says what its scores mean for ranking.
package svdpp
