// Package blend scores movies by a weighted mean of other models, its parts.
//
// Scores of two models cannot be compared, so each part's are first put on one
// scale for the person at hand: how many standard deviations a movie lies above
// the part's mean over the movies that were not watched, and of that the inverse
// hyperbolic sine, which is linear near the mean and grows as a logarithm far
// from it, so that a part with a few extreme scores does not rule.
//
// The weights are either given, or learned from people whose newest movies no
// part has seen: a pairwise logistic model (Burges et al., "Learning to rank
// using gradient descent", 2005) with an L2 penalty and no weight below zero, on
// pairs of a movie that the person then watched and one that they did not, both
// among the best of some part. What it gives is the start of a search, one weight
// at a time, for what ranking is judged by, NDCG (Metzler and Croft, "Linear
// feature-based models for information retrieval", 2007). Several such searches, each
// over half of the people, give the weights as their mean.
//
// What accuracy alone asks for is mostly what everybody watched. So a movie gains a
// little for being watched by few, by as much as it takes for the lists together to
// cover at least so much of the catalog as those of one of the parts (Steck,
// "Item popularity and recommendation accuracy", 2011, has the reasons).
//
// A part that can say nothing of a person, or of a movie, is left out of the mean
// and the others share its weight: a movie that nobody watched yet takes part by
// the parts that know it from its text.
//
// # Candidates
//
// A build ends with a table ([Model.Prepare]): for each movie that somebody watched, the
// movies that suit who watched that one alone, by the dense scores. For a person, the
// lists of what they watched are merged ([Suggesting.Suggest]), and only these, and
// what others bring, are scored ([Model.AskRows]): each part takes the history in once,
// scores what is asked for, and gives its working memory back before the next one is
// asked. The moments of its scores, which the common scale needs, come from
// [model.Asked] and not from a pass over the catalog.
package blend
