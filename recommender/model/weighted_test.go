package model_test

import (
	"maps"
	"testing"

	"marquee/recommender/model"
	"marquee/recommender/model/blend"
)

// The weights of a blend stand by the names of its parts, also once movies came to it.
func TestWeightsOf(t *testing.T) {
	parts := []model.Model{strict{2}, strict{2}}
	b, err := blend.New([]string{"a", "b"}, []float64{3, 7}, 0.1, parts, model.Histories{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"a": 0.3, "b": 0.7, blend.Tail: 0.1}
	if got := model.WeightsOf(b); !maps.Equal(got, want) {
		t.Errorf("weights %v, want %v", got, want)
	}
	longer, err := model.Extend(b, []float32{1, 0}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := model.WeightsOf(longer); !maps.Equal(got, want) {
		t.Errorf("weights with a movie more %v, want %v", got, want)
	}
	if got := model.WeightsOf(strict{2}); got != nil {
		t.Errorf("weights %v of a model without parts, want none", got)
	}
}
