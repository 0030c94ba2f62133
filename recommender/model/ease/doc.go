// Package ease recommends by an item-to-item weight matrix in closed form.
//
// The model is EASE of Steck, "Embarrassingly Shallow Autoencoders for Sparse
// Data" (WWW 2019). X is [people x movies], 1 where a person watched a movie (or,
// by a setting, more the better it was liked). The weights B minimise
//
//	|X - XB|^2 + lambda*|B|^2   with a diagonal of zeros
//
// so that a movie is predicted from the others. With G = X'X + lambda*I (paper,
// equation 8) and P the inverse of G, B[i,j] = -P[i,j]/P[j,j] off the diagonal. A
// history's scores are the sum of its movies' rows of B: nothing of any person is
// kept, and any history can be asked for.
//
// G is [n x n] over the n most watched movies, and its inverse is dense: time
// grows with n^3 and memory with n^2. Movies beyond n, and those that nobody
// watched, get no score. Of the weights into each movie only those that matter most
// are kept, and the mean of the others; see [Config.Keep].
//
// Two settings reach beyond the paper. A ridge that grows or shrinks with a
// movie's popularity is the rescaling of G by powers of popularity in Steck,
// "Markov Random Fields for Collaborative Filtering" (NeurIPS 2019), section 4,
// written as a penalty. Scores divided by a power of popularity are weighting by
// inverse propensity, where the propensity to be seen is that power, as in
// Steck, "Item popularity and recommendation accuracy" (RecSys 2011).
//
// G is counted exactly; its inverse is of float32, by [vec.InvertSPD]. Training
// compares some columns of it with float64, and refuses to give a model whose
// weights are further than 1e-4 from the closed form.
package ease
