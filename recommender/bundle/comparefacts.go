package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a [ModelDifference] says of a model.
const (
	ModelAdded   = "added"
	ModelRemoved = "removed"
	ModelChanged = "changed"
	ModelSame    = "same" // to the settings; it may have been trained anew
)

// A ModelDifference is a model of either bundle, changed or not, with how each of the two did.
type ModelDifference struct {
	Name        string             `json:"name"`
	Is          string             `json:"is"`      // added, removed, changed or same
	Changes     []Change           `json:"changes"` // but of offline metrics and weights
	FromOffline *Offline           `json:"from_offline,omitempty"`
	ToOffline   *Offline           `json:"to_offline,omitempty"`
	FromWeights map[string]float64 `json:"from_weights,omitempty"` // of a blend's parts
	ToWeights   map[string]float64 `json:"to_weights,omitempty"`
}

// compareFacts compares all that manifests say but of models and files.
func compareFacts(a, b Manifest) ([]Change, error) {
	from, err := factsOf(a)
	if err != nil {
		return nil, err
	}
	to, err := factsOf(b)
	if err != nil {
		return nil, err
	}
	return changed(from, to), nil
}

func factsOf(m Manifest) (map[string]string, error) {
	gates := m.Gates
	m.ID, m.Sum, m.Models, m.Gates = "", "", nil, nil
	size := m.Bytes()
	m.Files = nil
	facts, err := flatten(m)
	if err != nil {
		return nil, err
	}
	facts["bytes"] = strconv.FormatInt(size, 10)
	for _, g := range gates {
		of, err := flatten(g)
		if err != nil {
			return nil, err
		}
		delete(of, "name")
		for name, value := range of {
			facts["gates."+g.Name+"."+name] = value
		}
	}
	return facts, nil
}

// compareModels says of each model of either bundle what became of it.
func compareModels(a, b Manifest) ([]ModelDifference, error) {
	all := []ModelDifference{}
	for _, m := range b.Models {
		old, known := modelOf(a, m.Name)
		if !known {
			all = append(all, ModelDifference{Name: m.Name, Is: ModelAdded, Changes: []Change{}, ToOffline: m.Offline, ToWeights: m.Weights})
			continue
		}
		list, err := compareModel(old, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		d := ModelDifference{
			Name: m.Name, Is: ModelSame, Changes: list,
			FromOffline: old.Offline, ToOffline: m.Offline, FromWeights: old.Weights, ToWeights: m.Weights,
		}
		if len(list) > 0 {
			d.Is = ModelChanged
		}
		all = append(all, d)
	}
	for _, m := range a.Models {
		if _, known := modelOf(b, m.Name); !known {
			all = append(all, ModelDifference{Name: m.Name, Is: ModelRemoved, Changes: []Change{}, FromOffline: m.Offline, FromWeights: m.Weights})
		}
	}
	sortBy(all, func(m ModelDifference) string { return m.Name })
	return all, nil
}

func modelOf(m Manifest, name string) (Model, bool) {
	i := slices.IndexFunc(m.Models, func(x Model) bool { return x.Name == name })
	if i < 0 {
		return Model{}, false
	}
	return m.Models[i], true
}

func compareModel(a, b Model) ([]Change, error) {
	a.Offline, a.Weights, b.Offline, b.Weights = nil, nil, nil, nil
	from, err := flatten(a)
	if err != nil {
		return nil, err
	}
	to, err := flatten(b)
	if err != nil {
		return nil, err
	}
	return changed(from, to), nil
}

// changed returns what is not the same in both, by name.
func changed(from, to map[string]string) []Change {
	all := []Change{}
	for name, value := range from {
		if to[name] != value {
			all = append(all, Change{name, value, to[name]})
		}
	}
	for name, value := range to {
		if _, known := from[name]; !known && value != "" {
			all = append(all, Change{name, "", value})
		}
	}
	sortBy(all, func(c Change) string { return c.Name })
	return all
}

func sortBy[T any](list []T, name func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(name(a), name(b)) })
}

// flatten returns the values of v as JSON has them, each by the names that lead to it,
// with dots between.
func flatten(v any) (map[string]string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // as they are written
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	leaves := make(map[string]string)
	flattenInto(leaves, "", tree)
	return leaves, nil
}

func flattenInto(leaves map[string]string, path string, tree any) {
	join := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	switch x := tree.(type) {
	case map[string]any:
		for name, branch := range x {
			flattenInto(leaves, join(name), branch)
		}
	case []any:
		for i, branch := range x {
			flattenInto(leaves, join(strconv.Itoa(i)), branch)
		}
	case nil:
	default:
		leaves[path] = fmt.Sprint(x)
	}
}
