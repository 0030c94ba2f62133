package main

import (
	"marquee/recommender/bundle"
	"marquee/recommender/model"
)

// kinds are the models that this program knows.
func kinds() []model.Kind {
	return []model.Kind{}
}

// opener reads bundles.
func opener() bundle.Opener { return bundle.Opener{Index: openIndex, Kinds: kinds()} }
