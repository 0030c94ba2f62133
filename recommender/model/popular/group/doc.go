// Package group counts what people watch, and what they give it, for all people
// and for those of one age band, gender and occupation. Small groups lean on
// larger ones: each starts from what the next larger one expects, and moves from
// it by what its own people did (a Dirichlet prior for watches, a Bayesian mean
// for ratings).
//
// Of the three facts of a person those that are known name the group. The next
// larger group is the one without the last of occupation, gender, age: young
// women who are artists lean on young women, those on the young, and those on
// everyone.
//
// A group of few people is not kept, nor is a movie that few of its people
// watched. Of a movie that few of all people watched only their number is kept,
// not when they watched it or how they liked it, and movies that few rated share
// one mean: so nothing of one person can be read back.
package group
