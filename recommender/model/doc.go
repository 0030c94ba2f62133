// Package model is the contract of everything that scores movies for a person:
// factors, neighbours, networks, counts, and blends of them. Each kind has a
// folder of its own; modeltest has the kit that all of them pass.
//
// A [Kind] trains on [Data], the facts of one data version on dense rows, and
// gives a [Model], which a bundle stores and a server asks by name. A model
// holds nothing of any one person: it is asked with a [Query], the history as
// it is now, so that a new watch counts at once, a person who came after the
// training is served like any other, and one who is forgotten is forgotten.
//
// The same data, settings and seed give the same model to the bit, at any
// GOMAXPROCS, on one path of the vector kernels.
package model
