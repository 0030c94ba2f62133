// Package userknn scores movies by what people with a like history watched and
// liked, and predicts ratings as Surprise's KNNWithMeans does by users (Herlocker
// et al., "An algorithmic framework for performing collaborative filtering",
// 1999).
//
// A model keeps nothing of people: it asks the histories that a bundle holds
// anyway, by movie, at request time. So what it compares are preferences in
// tenths of 1 to 5, a watch without a rating among them, and people who are
// forgotten there are forgotten here.
//
// The time of a request is bounded by how many people are met by each watched
// movie. Where more watched it, those are met who come first in a fixed shuffle
// of all people, the same for every movie: so a sample of people is compared by
// nearly all of their movies, and not everyone by a part of theirs.
//
// Whoever has a thin history is served by what people of the same age, gender
// and occupation watch, and whoever tells none of these by what everyone does:
// see package group.
package userknn
