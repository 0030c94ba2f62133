package rating_test

import (
	"testing"

	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/rating"
)

func TestKit(t *testing.T) {
	modeltest.Test(t, modeltest.Case{Kind: rating.Kind(), Settings: []byte(`{"sweeps":3}`), Ratings: true, Least: 0.01})
}
