package rank

import (
	"slices"
)

// A Reason says which watched movie brought a recommended one.
type Reason struct {
	Row        uint32  // of the watched movie
	Similarity float32 // of the two, as the neighbour table has it
	say        float32 // what it added to the similarity
}

// Reasons returns, for each item, the at most n watched movies that brought it,
// the one with the most say first. It reads the neighbour lists of the history
// once.
func (s *Snapshot) Reasons(items []Item, t Taste, n int) [][]Reason {
	out := make([][]Reason, len(items))
	place := make(map[uint32]int, len(items))
	for i, item := range items {
		place[item.Row] = i
	}
	weight := 1.0
	for _, m := range t.Watched[:min(len(t.Watched), s.Config.History)] {
		say := float32(weight) * s.say.byPreference[min(m.Preference, 50)]
		weight *= s.say.decay
		for _, nb := range s.Table.Of(m.Row) {
			if i, ok := place[nb.Row]; ok && nb.Score > 0 {
				out[i] = append(out[i], Reason{Row: m.Row, Similarity: nb.Score, say: say * sharpen(nb.Score, s.Config.Sharpness)})
			}
		}
	}
	for i := range out {
		slices.SortStableFunc(out[i], func(a, b Reason) int { return sign(b.say - a.say) })
		out[i] = out[i][:min(n, len(out[i]))]
	}
	return out
}

// Similar returns the at most n nearest movies of row that may be shown, best
// first, as the neighbour table has them.
func (s *Snapshot) Similar(row uint32, r Request) List {
	list := List{Tier: TierSimilar, Arm: ArmFeatures, Sources: []string{sourceNeighbour}}
	for _, nb := range s.Table.Of(row) {
		if len(list.Items) == r.N || nb.Score <= 0 {
			break // best first: no later one is above 0
		}
		if s.allowed(nb.Row, r) {
			item := s.item(nb.Row, nb.Score)
			item.Similarity = nb.Score
			item.Source = SourceNeighbour
			list.Items = append(list.Items, item)
		}
	}
	return list
}
