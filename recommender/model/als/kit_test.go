package als_test

import (
	"encoding/json"
	"testing"

	"marquee/recommender/model/als"
	"marquee/recommender/model/modeltest"
)

func TestKit(t *testing.T) {
	for name, settings := range map[string]string{
		"cg":       `{"dims":16,"sweeps":6}`,
		"block":    `{"dims":16,"sweeps":6,"solver":"block","block":5}`,
		"plain":    `{"dims":8,"sweeps":6,"objective":"plain","unobserved_weight":1,"nu":0,"normalize":false,"regularization":0.1,"alpha":1,"preference":1}`,
		"debiased": `{"dims":16,"sweeps":6,"debias":0.5}`,
	} {
		t.Run(name, func(t *testing.T) {
			modeltest.Test(t, modeltest.Case{Kind: als.Kind(), Settings: json.RawMessage(settings), Least: 0.14})
		})
	}
}
