// Package neural recommends by a small network that is trained on histories: an
// autoencoder with one hidden layer, in Go alone.
//
// # The network
//
// A history is a sparse vector of length one over movies, newer and better liked
// ones larger. Its hidden layer is h = tanh(b + the sum of the movies' rows of the
// input matrix), a movie's score is h times its row of the output matrix, plus its
// bias, and the softmax of the scores is how likely each movie is the next. It is
// the denoising autoencoder with multinomial likelihood, Mult-DAE, of Liang,
// Krishnan, Hoffman and Jebara, "Variational Autoencoders for Collaborative
// Filtering" (2018), but for this:
//
//   - Samples are histories as of an earlier time, drawn anew each epoch: the
//     network is shown what came before and is to find what came next
//     (Config.Ahead, Config.Dropout). The paper hides movies at random,
//     and so does this on data whose histories have no order.
//   - What is shown does not compete: served lists leave out watched movies.
//   - Biases begin at the logarithm of popularity.
//   - With Config.Negatives, everyone in a batch is compared on a draw of movies, an
//     importance sample of the softmax's sum (Bengio and Senécal, "Quick Training
//     of Probabilistic Neural Nets by Importance Sampling", 2003).
//
// Steps are those of Adam (Kingma and Ba, 2015), with decay beside the gradient
// (Loshchilov and Hutter, 2019), on the rows that a batch touches. How many epochs
// are trained is found on the newest fifth of each person's movies, and then
// everything is trained on for as many.
//
// A movie that nobody watched has the weights that a ridge regression guesses from
// its vector, and so has one that comes later ([Model.Extend]); without a vector
// it gets NaN.
//
// # Same bits
//
// Every sum is made by one goroutine in an order that the batch fixes: forward by
// person, backward by movie. A sample's random numbers depend on seed, epoch and
// person alone.
//
// # Figures
//
// NDCG@20 on the newest fifth of ml-latest-small's histories, the training part
// split again (inner); one seed, best epoch:
//
//	movies hidden at random, as Mult-DAE does    0.135
//	the newest hidden (up to half)               0.163
//	and newer movies count more, (1+place)^-0.6  0.185
//	as of any earlier time, and ratings count    0.205
//	up to three tenths hidden, not half          0.210
//	up to a fifth                                0.213
//	up to a tenth (50 epochs)                    0.188
//
// On the last fifth itself: 0.1785, with 57 epochs ("make eval", 0.179 in
// deploy/docs/results/models.md). The sweeps of this table and the next were run
// once and are not kept; TestMovieLens holds a short training to 0.14 on the same
// inner split.
//
// What debiasing costs and gains (inner, 50 epochs, full softmax unless drawn;
// coverage@20 is of the movies that were watched, watchers are of a mean movie
// served):
//
//	                                           NDCG@20  coverage@20  watchers
//	nothing                                     0.2104     0.167        81
//	popularity_discount 0.2                     0.2056     0.188        73
//	popularity_discount 0.5                     0.1949     0.225        60
//	propensity 0.5                              0.1942     0.200        70
//	propensity 1                                0.1773     0.230        59
//	negatives 1000                              0.2008     0.150        81
//	negatives 1000, negative_correction 0.5     0.1955     0.182        67
//	negatives 1000, negative_correction 0       0.1784     0.200        53
//
// The discount at scoring is the cheapest way: more coverage for the same loss
// than by propensities or by what is drawn.
//
// Time, in seconds of processor time (BenchmarkEpoch, BenchmarkScore): an epoch
// over 200,000 people, 27,000 movies and 10.9 million watches takes 11 with 1,000
// negatives; a tenth of the people with the full softmax takes 16. A score of
// 27,000 movies takes 0.44 ms at a width of 100, 0.86 at 200.
package neural
