// Package stats holds the statistics of Marquee's reports that gonum/stat does
// not have, and bounded summaries of streams.
//
// Summaries take a stream in any order and hold a bounded amount of it:
// [Numbers] (moments, quantiles, a sample), [Distinct] (how many different
// values), [Top] (the most frequent ones). They are deterministic: the same
// stream and seed give the same answer. None may be used by two goroutines at
// once.
//
// Comparisons take two [Sample]s, or the counts of two sets of things over the
// same bins: [PSI], [KolmogorovSmirnov], [Homogeneity], and the effect sizes
// [CliffsDelta], [MeanDifference], [Wasserstein] and [CramersV]. A p-value alone
// says little: with a million rows everything is significant. So every one comes
// with an effect size, [Holm] corrects for the number of comparisons, and
// [PSICritical] says how large a PSI chance alone makes.
//
// Experiments are judged by a [Ratio] for each arm, whose pairs are people, by
// [Fit], which tells whether the arms have the people they should, and by a
// [Sequence], which may be looked at as often as one likes.
//
// NaN and infinities are no numbers: Numbers counts them apart. What cannot be
// computed, as a mean of nothing, is NaN, never 0.
package stats
