package experiment

import "strings"

// MaxLabelBytes is the longest [Assignment.Label]: what an exposure keeps of it. What
// would make a label longer takes no part.
const MaxLabelBytes = 200

// ArmsOf returns the arms of an experiment that a label names, in its order: none if the
// list took no part, one of a split or shadow experiment, two of one that interleaves.
func ArmsOf(label, experiment string) []string {
	var arms []string
	for part := range strings.SplitSeq(label, ",") {
		if name, arm, found := strings.Cut(part, ":"); found && name == experiment {
			arms = append(arms, arm)
		}
	}
	return arms
}

// NameOf returns the name of the experiment of a variant.
func NameOf(v Variant) string {
	name, _, _ := strings.Cut(v.Name(), ":")
	return name
}

// ArmOf returns the name of a variant within its experiment.
func ArmOf(v Variant) string {
	_, arm, _ := strings.Cut(v.Name(), ":")
	return arm
}
