// Package eval judges lists of recommendations, and predicted ratings: anything
// that can be written as a func from a person's history to movies, or from movies
// to ratings. It knows no model, no bundle and no
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
//   - [GlobalTime], [GlobalTimeShare]: what everyone did from one time on, as a
//     service trained at that time would meet it. It has the fewest people,
//     and some of them, and some movies, the training part has never seen.
//   - [RatingsShare]: 20% of all ratings at random, for RMSE and MAE.
//   - [ColdMovies]: some movies whole, ranked among themselves: what a model
//     makes of a movie that nobody has watched.
//   - [SampledLastOut]: the newest movie against 99 random ones (He and others,
//     "Neural collaborative filtering", 2017). To be compared with papers that
//     did so, and with nothing else; the report warns of it.
//   - [Held]: two parts that were cut elsewhere.
//   - [Split.Inner]: the same cut in the training part, on which parameters are
//     chosen. [Sweep] takes no other.
//
// A split may name the [Split].Candidates that compete for each list. Whoever
// has no truth is counted in the report, and accuracy is a mean over the others.
// People and movies that only the truth knows are counted too.
//
// # Measures of accuracy
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
// Of a model that rates, let p be what it predicts for each rated movie of all
// truths and r the rating. Every rating counts alike, so people with many count
// more.
//
//	rmse  sqrt(mean (p-r)^2)
//	mae   mean |p-r|
//
// # Measures of lists
//
// These are means over all lists, those of people without truth included. Places
// that were lost do not count; a list that has no such figure counts for nothing.
// Let w(m) be how many of U people watched movie m in the training part.
//
//	novelty@k          mean of log2(U / max(1, w(m))), in bits: how rare what is
//	                   listed is (Zhou and others, 2010)
//	diversity@k        1 - mean similarity of two movies of the list (Ziegler and
//	                   others, 2005), by Facts.Similarity; for k up to 100
//	popularity_lift@k  mean w of the list / mean w of the person's training part:
//	                   above 1 people get more popular movies than they choose
//	                   (after Abdollahpouri and others, 2019)
//	personalised       share of lists that were made for the person
//
// ModelReport.Sources has the share of all places from each source.
//
// These are of all lists together. Let c(m) be how many lists hold movie m among
// the first k, and n how many movies compete.
//
//	coverage@k         movies with c(m) > 0 / n: the local one
//	global_coverage@k  movies with c(m) > 0 / Config.CatalogSize
//	gini@k             sum (2j-n-1) c(j) / (n sum c), c ascending, j from 1:
//	                   0 if all are shown alike, near 1 if few take every place
//	entropy@k          -sum q log2 q with q = c / sum c, in bits: 2^entropy movies
//	                   shown alike would be as varied (Shannon, 1948)
//
// Coverage grows with the number of lists, so it compares models within one
// report only. What a fixed number of lists covers can be compared between
// reports, and has an interval:
//
//	rarefied_coverage@k  coverage to expect of Report.RarefiedTo of the L lists:
//	                     mean over movies of 1 - C(L-c, n)/C(L, n) for n lists
//	                     (Hurlbert, 1971), exactly
//	rarefied_gini@k, rarefied_entropy@k
//	                     mean of the figure over random parts of n lists
//
// The long-tail curve, [TailPoint], says which share of all places the most
// popular movies took; Report.LongTail is that of what people watched
// themselves. Above it, a model narrows the choice.
//
// # Slices
//
// Report.Slices has the accuracy for parts of the people (by age, gender,
// occupation, and movies in the training part) and of the truth (by popularity
// and genre). For a part of the truth, a list is judged against those movies
// alone, for the people who have some. Head, mid and tail hold a third each of
// what was watched in the training part, the most watched movies first. Groups of
// people smaller than [Config].MinSlice become one, "others"; a slice that is
// still smaller is marked Thin. Slices are many, so a few will stand out by
// chance: read their intervals as hints.
//
// # How to read intervals
//
// An interval is the range of figures that other people like these might have
// given: the people are drawn again with replacement, [Config].Resamples times,
// and the middle 95% of the figures is kept (Efron, 1979); a person's ratings are
// drawn together. It says nothing about another catalog, another year, or the luck
// of a model's own seed. Coverage, Gini and entropy have none: they describe
// these lists exactly, and a person drawn twice would list nothing new. The
// intervals of their rarefied kin come from parts drawn without replacement
// (Politis and Romano, 1994); half of the lists stray as far from all of them as
// all of them from those of other people.
//
// That two intervals overlap does not mean that two models are alike. Set
// [Config].Baseline and read the [Comparison]: both models were judged on the
// same people, and what is hard for one is mostly hard for the other, so that the
// interval of the difference is mostly narrower. Above zero, the model is
// better (for rmse and mae: below); with zero inside, these people cannot tell.
// Helped and Hurt say how many people that means. P is of the paired
// randomisation test (Smucker, Allan, Carterette, 2007). PHolm corrects it for
// the number of models that were compared by this metric, PAll for all metrics as
// well (Holm, 1979): read PHolm if the metric was chosen beforehand, PAll if it
// was picked because it stood out.
//
// A list that holds watched, repeated or unknown movies or no candidates, or too
// many, or too few, is judged as it is: the places are lost, and [Faults] and the report's
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
