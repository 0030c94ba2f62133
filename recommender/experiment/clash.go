package experiment

import (
	"encoding/json"
	"maps"
	"slices"

	"marquee/catalog"
)

// A Clash is an experiment of another layer whose arms set what those of one set too. Who
// is in both gets what one of them says; there the other changes nothing, so that it seems
// to have less of an effect than it has.
type Clash struct {
	Name    string   `json:"name"`
	Layer   string   `json:"layer"`
	Sets    []string `json:"sets"`    // "model", and names of knobs
	Decides string   `json:"decides"` // the experiment that people who are in both get
}

// Clashes returns those of others that clash with e, in their order. They are allowed: an
// interaction may be what is asked for. The holdback never clashes.
func Clashes(e catalog.Experiment, others []catalog.Experiment) (clashes []Clash) {
	sets := setBy(e)
	for _, o := range others {
		if o.Name == e.Name || o.Layer == e.Layer || !meet(e, o) {
			continue
		}
		both := setBy(o)
		maps.DeleteFunc(both, func(name string, _ bool) bool { return !sets[name] })
		if len(both) > 0 {
			clashes = append(clashes, Clash{o.Name, o.Layer, slices.Sorted(maps.Keys(both)), last(e, o)})
		}
	}
	return clashes
}

// setBy returns what the served arms of e set.
func setBy(e catalog.Experiment) map[string]bool {
	arms := e.Arms
	if e.Mode == catalog.ExperimentShadow && len(arms) > 0 {
		arms = arms[:1]
	}
	sets := map[string]bool{}
	for _, a := range arms {
		if a.Model != "" {
			sets["model"] = true
		}
		var knobs map[string]json.RawMessage
		if json.Unmarshal(a.Knobs, &knobs) != nil {
			continue // none, or not in order: then it takes nobody
		}
		for name := range knobs {
			sets[name] = true
		}
	}
	return sets
}

// last returns which of two experiments of different layers is applied last: the one
// that interleaves, or else that of the later layer by name, as [Set.Assign] has them.
func last(a, b catalog.Experiment) string {
	mixA, mixB := a.Mode == catalog.ExperimentInterleave, b.Mode == catalog.ExperimentInterleave
	if mixA != mixB && mixA || mixA == mixB && a.Layer > b.Layer {
		return a.Name
	}
	return b.Name
}
