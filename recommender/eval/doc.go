// Package eval judges lists of recommendations: anything that can be written as
// a func from a person's history to movies. It knows no model, no bundle and no
// store, so that it can judge baselines, old builds and outside lists alike.
//
//	d, err := eval.Collect(store.Histories(ctx), movies)
//	split, err := eval.LastShare(d, 0.2)
//	pop := eval.Popularity(split.Train)
//	report, err := eval.Run(ctx, split, []eval.Model{pop, mine}, eval.DefaultConfig())
//	err = report.WriteTable(os.Stdout)
//
// # Protocols
//
// A split is half open: every row of the data is in the training part or in the
// truth, never in both, and models see the training part alone (their
// popularity and ratings too). All movies that are not in a person's training
// part compete for the list; nothing is ranked against a sample, since sampled
// metrics change the order of models (Krichene and Rendle, "On sampled metrics
// for item recommendation", 2020).
//
//   - [LastShare]: the newest 20% of each person's movies. The primary one.
//   - [LeaveOneOut]: one random movie of each person. With some hundred people
//     its intervals are too wide to tell models apart, and it lets a model
//     learn from what the person did afterwards.
//   - [LeaveLastOut]: the newest movie of each person.
//   - [Split.Inner]: the same cut in the training part, on which parameters are
//     chosen. [Sweep] takes no other.
//   - [Held]: two parts that were cut elsewhere.
//
// Whoever has one movie stays in the training part, has no truth, and is
// counted in the report; accuracy is a mean over the others.
//
// # Measures
//
// Let k be the cutoff, T a person's truth, and h(i) 1 if the movie at rank i of
// the list is in T and was not listed before, else 0. Sums run over ranks 1 to
// k, and each figure is the mean over the people who have a T.
//
//	hit_rate@k   1 if any h(i) is 1, else 0
//	recall@k     sum h(i) / |T|
//	precision@k  sum h(i) / k
//	ndcg@k       sum h(i)/log2(i+1) / sum over i <= min(k,|T|) of 1/log2(i+1)
//	             (Järvelin and Kekäläinen, 2002)
//	map@k        sum h(i) * (hits up to i)/i, / min(k,|T|)
//	mrr@k        1 / rank of the first hit, 0 without one (Voorhees, 1999)
//
// Three figures are of all lists together, those of people without truth
// included. Let c(m) be how many lists hold movie m among the first k.
//
//	coverage@k         movies with c(m) > 0 / movies known: the local one
//	global_coverage@k  movies with c(m) > 0 / Config.CatalogSize
//	gini@k             sum (2j-n-1) c(j) / (n sum c), c ascending, j from 1:
//	                   0 if all are shown alike, near 1 if few take every place
//
// Coverage grows with the number of lists, so it compares models within one
// report and not between reports of other sizes.
//
// # How to read intervals
//
// An interval is the range of means that other people like these might have
// given: the people are drawn again with replacement, [Config].Resamples times,
// and the middle 95% of the means is kept (Efron, 1979). It says nothing about
// another catalog, another year, or the luck of a model's own seed. Coverage
// and Gini have none: they describe these lists exactly, and a person drawn
// twice would list nothing new.
//
// That two intervals overlap does not mean that two models are alike. Set
// [Config].Baseline and read the [Comparison]: both models were judged on the
// same people, and what is hard for one is mostly hard for the other, so that the
// interval of the difference is mostly narrower. Above zero, the model is
// better; with zero inside, these people cannot tell. Helped
// and Hurt say how many people that means. P is of the paired randomisation
// test (Smucker, Allan, Carterette, 2007), and PHolm corrects it for the number
// of models that were compared (Holm, 1979).
//
// A list that holds watched, repeated or unknown movies, or too many, or too
// few, is judged as it is: the places are lost, and [Faults] and the report's
// warnings say how many.
//
// # Sequels
//
// [Series] groups films of one series by title, and [SeriesShare] says how many
// sequels are among a film's first neighbours: a check of vectors that needs no
// people. Its doubts: a stand-up comedian's shows and a remake count as series,
// and sequels with a title of their own are not known, so only two sets of
// neighbours over the same titles can be compared, not a share with 100%.
package eval
