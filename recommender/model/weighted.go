package model

import "strconv"

// A Weighted model is a composite that says how much each of its parts counts.
type Weighted interface {
	Composite
	// Weights returns the weight of each of Parts, in their order.
	Weights() []float32
}

// WeightsOf returns the weights of the parts of m by their names, to the shortest
// decimals that tell them apart; nil if m is no [Weighted].
func WeightsOf(m Model) map[string]float64 {
	w, ok := m.(Weighted)
	if !ok {
		return nil
	}
	names, weights := w.Parts(), w.Weights()
	out := make(map[string]float64, len(names))
	for i, name := range names {
		// 0.3 of 32 bits is 0.30000001192092896 of 64: the shortest text of it is "0.3".
		out[name], _ = strconv.ParseFloat(strconv.FormatFloat(float64(weights[i]), 'g', -1, 32), 64)
	}
	return out
}
