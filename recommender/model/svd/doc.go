// Package svd predicts ratings by biased matrix factorisation (Koren, Bell and
// Volinsky 2009), trained by stochastic gradient descent as scikit-surprise's SVD
// is. It learns from rated movies alone. Package latent, which svdpp shares, has
// the model, and says what its scores mean for ranking.
package svd
