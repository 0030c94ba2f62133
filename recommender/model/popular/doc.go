// Package popular scores a movie by how many people watched it, of late if so
// set, among those of the person's age, gender and occupation where these are
// known, and predicts the mean rating that such people give it. It knows nothing
// of the history: what it says is where every other model begins, and the least
// that they must beat.
//
// How small groups are kept from guessing, and from telling on anyone, is
// explained in package group.
package popular
