package recommender

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/history"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A wish is what people say of their taste in their own words. It counts while they have
// watched little: from wishUntil movies on, what they watched says more.
const (
	wishUntil  = 10                    // movies watched, from which on a text says nothing
	wishMovies = 5                     // nearest to the text, which stand for it
	wishListed = 200                   // nearest to the text, which are listed while nothing was watched
	wishWait   = 60 * time.Millisecond // longest time that a list waits for a text to be embedded
	wishBytes  = catalog.MaxPreferenceBytes
)

// Fields are the names under which the catalog keeps what people say that they like and
// dislike, among the other fields of their records; "" for none.
type Fields struct{ Liked, Disliked string }

// SetFields says where records of people have their self-descriptions. It is called
// before s serves. What a person said here ([catalog.Preferences]) goes first.
func (s *Service) SetFields(f Fields) { s.fields = f }

// wishes lets what a person says of their taste speak in a, as far as they have watched
// little: the movies nearest to what they like as if they had watched them, but for coming
// back, and those nearest to what they dislike as disliked. Of a person who watched nothing
// it makes the list, and reports true.
func (s *Service) wishes(ctx context.Context, a *Answer, entry *history.Entry, c Call) (listed bool) {
	if len(a.Taste.Watched) >= wishUntil {
		return false
	}
	liked, disliked := entry.Preferences.Liked, entry.Preferences.Disliked
	if entry.Preferences.Empty() {
		liked, disliked = said(entry.User, s.fields.Liked), said(entry.User, s.fields.Disliked)
	}
	if liked == "" && disliked == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, wishWait)
	defer cancel()
	there := func(row uint32) bool { return !a.Live.Snapshot.Movies.IsGone(row) }
	v := s.meant(ctx, a.Live, liked)
	near := a.Live.about(ctx, v, wishListed, there)
	for _, h := range near[:min(len(near), wishMovies)] {
		row := h.Row
		if !slices.ContainsFunc(a.Taste.Watched, func(w rank.Watched) bool { return w.Row == row }) {
			a.Taste.Anchors = append(a.Taste.Anchors, row)
			a.Taste.Seen = append(a.Taste.Seen, model.Preferred(row, rank.AnchorPreference, a.Live.Snapshot.Scale))
		}
	}
	for _, h := range a.Live.about(ctx, s.meant(ctx, a.Live, disliked), wishMovies, there) {
		a.unwanted = append(a.unwanted, h.Row)
	}
	a.opinions.Disliked = append(slices.Clip(a.opinions.Disliked), a.unwanted...)
	a.Request.Taste, a.Request.Opinions = a.Taste, a.opinions
	if len(a.Taste.Watched) > 0 || len(near) == 0 || c.Arm != "" {
		return false
	}
	best := near[0].Score // whatever may be listed: so a movie scores the same under all filters
	a.fulfil(near, best)
	if len(near) == wishListed && len(a.List.Sources) > 1 { // too few of those may be listed
		if more := a.Live.about(ctx, v, max(wishListed, c.N), a.Live.Snapshot.Keep(a.Request)); len(more) > 0 {
			a.fulfil(more, best)
		}
	}
	return true
}

// fulfil lists what is near to what a person who watched nothing wrote that they like, and
// behind it popular movies if that is not enough: nearness counts most, of which best is the
// greatest, then how good a movie is held to be, and how many watch it.
func (a *Answer) fulfil(near []indexer.Hit, best float32) {
	snap := a.Live.Snapshot
	for i, h := range near {
		near[i].Score = 0.7*h.Score/best + 0.15*snap.Stats.Quality[h.Row] + 0.15*snap.Stats.Popularity[h.Row]
	}
	slices.SortStableFunc(near, func(a, b indexer.Hit) int { return cmp.Compare(b.Score, a.Score) })
	rows, scores := make([]uint32, len(near)), make([]float32, len(near))
	for i, h := range near {
		rows[i], scores[i] = h.Row, min(1, h.Score)
	}
	a.List = snap.Given(rank.SourcePreferences, rows, scores, a.Request)
	if len(a.List.Items) > 0 && slices.Contains(a.List.SourceNames(a.List.Items[0]), rank.SourcePreferences) {
		a.List.Tier = rank.TierPersonal
	}
}

// said returns a text of a record.
func said(u catalog.User, field string) string {
	raw, known := u.Extra[field]
	if !known || field == "" {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return catalog.CutText(catalog.CleanText(text), wishBytes)
}

// meant returns the vector of a text; nil if it cannot be embedded now.
func (s *Service) meant(ctx context.Context, live *Live, text string) []float32 {
	w := s.words.Load()
	if w == nil || text == "" || live.Index == nil {
		return nil
	}
	v, err := (*w).Embed(ctx, live, text)
	if err != nil || indexer.ZeroRow(v, len(v), 0) {
		return nil
	}
	return v
}

// about returns the at most n movies nearest to v that keep lets through; none if they
// cannot be found now, or v is nil.
func (l *Live) about(ctx context.Context, v []float32, n int, keep indexer.Keep) []indexer.Hit {
	if v == nil {
		return nil
	}
	hits, err := l.Index.Search(ctx, v, n, keep)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(hits, func(h indexer.Hit) bool { return h.Score <= 0 })
}
