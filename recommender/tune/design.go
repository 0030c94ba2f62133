package tune

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"

	"marquee/recommender/model"
)

// A candidate is settings that are tried.
type candidate struct {
	params   map[string]float64 // what was drawn; nil for the settings as they are
	settings json.RawMessage
}

// maxDraws is how often settings are drawn anew that are there already, before
// the space counts as used up.
const maxDraws = 1000

// design returns the settings as they are and up to n-1 draws, no two alike.
// Candidate i is the same for every n that is greater than i.
func design(base json.RawMessage, space []model.Param, n int, seed uint64) ([]candidate, error) {
	as, err := model.With(base, nil)
	if err != nil {
		return nil, err
	}
	out := []candidate{{settings: as}}
	seen := map[string]bool{string(as): true}
	for i := 1; i < n; i++ {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		found := false
		for range maxDraws {
			params := make(map[string]float64, len(space))
			for _, p := range space {
				params[p.Name] = draw(r, p)
			}
			settings, err := model.With(base, params)
			if err != nil {
				return nil, err
			}
			if !seen[string(settings)] {
				seen[string(settings)], found = true, true
				out = append(out, candidate{params: params, settings: settings})
				break
			}
		}
		if !found {
			break
		}
	}
	return out, nil
}

// draw returns a value with four digits that count, which no metric of some
// thousand people could tell from one with more.
func draw(r *rand.Rand, p model.Param) float64 {
	u := r.Float64()
	if p.Integer { // each whole number has the same part of the range
		low, high := p.Low-0.5, p.High+0.5
		if p.Log {
			low = max(low, p.Low/2)
		}
		return min(p.High, max(p.Low, math.Round(between(low, high, u, p.Log))))
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(between(p.Low, p.High, u, p.Log), 'g', 4, 64), 64)
	if err != nil { // what FormatFloat writes can be read
		panic(err)
	}
	return min(p.High, max(p.Low, v))
}

func between(low, high, u float64, ratio bool) float64 {
	if ratio {
		return low * math.Pow(high/low, u)
	}
	return low + (high-low)*u
}
