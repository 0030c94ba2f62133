// Package analysis judges experiments by what people did after they were shown lists.
//
// # What is judged
//
// The unit is the person, never the list: lists of one person are alike, and taking them
// for independent makes intervals far too short. A metric is a ratio of two sums over
// people, and its variance that of the delta method over people ([stats.Ratio]). A list
// counts once its window is over, so that nothing is judged half-way.
//
// A person belongs to the arm of their first list. Whoever was in two arms, and testers
// whose arm was set by hand, are left out of the metrics and counted.
//
// # What may be believed when
//
// An ordinary interval holds if the time of the one look was set beforehand. The sequence
// beside it ([stats.Sequence]) may be looked at daily and acted upon at any look: so a
// verdict is that of the look with the least p-value, and there is none if the difference
// has another sign by now. Either is worth nothing if the arms do not have the people they
// should: a sample-ratio mismatch below [MismatchP] marks the whole report invalid
// (Fabijan and others, "Diagnosing sample ratio mismatch in online controlled
// experiments", KDD 2019).
//
// With the same metric of the time before the experiment as a covariate, differences are
// told again with less variance (CUPED: Deng, Xu, Kohavi and Walker, "Improving the
// sensitivity of online controlled experiments by utilizing pre-experiment data", WSDM
// 2013).
//
// # Lists that nobody was shown
//
// Where lists were explored, the probabilities recorded with them tell what another
// policy would have earned: see [Policy].
//
// # Cost
//
// Exposures are streamed, twice, and twice more for each policy; in memory stand some 300
// bytes a person of the experiment, 24 for each of their watches since before it, their
// feedback, and 20 for each movie of the catalog.
package analysis
