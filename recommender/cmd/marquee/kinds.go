package main

import (
	"encoding/json"

	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/blend"
	"marquee/recommender/model/content"
	"marquee/recommender/model/ease"
	"marquee/recommender/model/itemknn"
	"marquee/recommender/model/neural"
	"marquee/recommender/model/popular"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/model/rating"
	"marquee/recommender/model/svd"
	"marquee/recommender/model/svdpp"
	"marquee/recommender/model/userknn"
)

// kinds are the models that this program knows.
func kinds() []model.Kind {
	return []model.Kind{
		als.Kind(), ease.Kind(), itemknn.Kind(), userknn.Kind(), content.Kind(), popular.Kind(), neural.Kind(),
		svd.Kind(), svdpp.Kind(), rating.Kind(), blend.Kind(), precomputedKind(),
	}
}

// precomputedKind is [precomputed.Kind], which is made of the model whose lists it
// serves.
func precomputedKind() model.Kind {
	k := precomputed.Kind()
	k.Parts = func(settings json.RawMessage) ([]string, bool, error) {
		c, err := model.Settings(precomputed.DefaultConfig(), settings)
		return []string{c.Lists}, false, err
	}
	return k
}

// opener reads bundles.
func (e *env) opener() bundle.Opener { return bundle.Opener{Index: e.openIndex, Kinds: kinds()} }
