package rank

import (
	"cmp"
	"math"
	"slices"

	"marquee/catalog"
	"marquee/recommender/model"
)

// TasteOf returns seen, newest first, and opinions by the rows of s, as [Request] wants
// them. Behaviours of k, or of the snapshot's configuration if it is nil, say what each
// of them means.
//
// An opinion that is not older than the watch or rating of the same movie has the last
// word on what the person thinks of it. A movie that is liked and was not watched here is
// one that the person knows: it speaks for its neighbours as a watch of that time that
// was liked, and does not come back. One that is disliked or dismissed and was not
// watched is no part of the taste; it takes its neighbours down ([Knobs.Disliked]).
func (s *Snapshot) TasteOf(seen []catalog.Seen, opinions []catalog.Opinion, k *Knobs) (Taste, Opinions) {
	return s.TasteAt(Taste{}, s.RowsOf(seen), seen, opinions, k)
}

// NoRow stands for a movie that is not there.
const NoRow = math.MaxUint32

// RowsOf returns the row of each movie of seen, [NoRow] of one that is not in the catalog
// or left it. They hold for s alone.
func (s *Snapshot) RowsOf(seen []catalog.Seen) []uint32 {
	rows := make([]uint32, len(seen))
	for i := range seen {
		row, ok := s.Movies.Row(seen[i].Movie)
		if !ok || s.Movies.IsGone(row) {
			row = NoRow
		}
		rows[i] = row
	}
	return rows
}

// TasteAt is [Snapshot.TasteOf] with what [Snapshot.RowsOf] returned of seen: to look for
// the movies by their ids is most of the time that TasteOf takes. The taste is put into the
// slices of over as far as they have room: it is one that nobody looks at any more.
func (s *Snapshot) TasteAt(over Taste, rows []uint32, seen []catalog.Seen, opinions []catalog.Opinion, k *Knobs) (Taste, Opinions) {
	if k == nil {
		k = &s.Config.Knobs
	}
	b := k.Behaviours.orDefault()
	t := Taste{Watched: slices.Grow(over.Watched[:0], len(seen)), Seen: slices.Grow(over.Seen[:0], len(seen))}
	plain := b == DefaultBehaviours()
	for i := range seen {
		switch {
		case rows[i] == NoRow:
			t.Unknown++
		case plain:
			t.Seen = append(t.Seen, model.Pack(seen[i], rows[i]))
		default:
			t.Seen = append(t.Seen, b.pack(seen[i], rows[i], s.Scale))
		}
	}
	said := s.hear(&t, opinions, b)
	for _, x := range t.Seen {
		t.Watched = append(t.Watched, Watched{Row: x.Movie, Preference: model.PackPreference(x.Preference(s.Scale))})
	}
	return t, said
}

// hear returns opinions by rows, the newest first, and takes what they say into t.
func (s *Snapshot) hear(t *Taste, opinions []catalog.Opinion, b Behaviours) Opinions {
	var said Opinions
	if len(opinions) == 0 {
		return said
	}
	watched := make(map[uint32]int, len(t.Seen))
	for i, x := range t.Seen {
		watched[x.Movie] = i
	}
	opinions = slices.Clone(opinions)
	slices.SortStableFunc(opinions, func(a, b catalog.Opinion) int { return b.At.Compare(a.At) })
	for _, o := range opinions {
		row, ok := s.Movies.Row(o.Movie)
		if !ok || s.Movies.IsGone(row) || !o.Kind.Opinion() {
			continue
		}
		said.add(o.Kind, row)
		at := o.At.UnixMicro()
		rating := float32(s.Scale.From5(b.opinion(o.Kind)))
		if i, was := watched[row]; was && t.Seen[i].At <= at {
			t.Seen[i].Rated, t.Seen[i].Rating = true, rating
		} else if !was && o.Kind == catalog.FeedbackLike {
			t.Seen = append(t.Seen, model.Seen{At: at, Movie: row, Rated: true, Rating: rating})
		}
	}
	slices.SortStableFunc(t.Seen, func(a, b model.Seen) int { return cmp.Compare(b.At, a.At) })
	return said
}

func (o *Opinions) add(k catalog.FeedbackKind, row uint32) {
	switch k {
	case catalog.FeedbackLike:
		o.Liked = append(o.Liked, row)
	case catalog.FeedbackDislike:
		o.Disliked = append(o.Disliked, row)
	case catalog.FeedbackDismiss:
		o.Dismissed = append(o.Dismissed, row)
	}
}
