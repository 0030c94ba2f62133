package recommender_test

import (
	"slices"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/history"
)

// A remembered person is one whom memory tells of.
type remembered struct{ whoever }

func (r remembered) Peek(catalog.UserID) (history.Entry, bool, bool) { return r.entry, true, true }

// What is served from memory holds nothing that the person watched, likes, or does not
// want.
func TestFallback(t *testing.T) {
	at := time.Unix(1, 0)
	s := recommender.New(remembered{whoever{history.Entry{
		Seen: []catalog.Seen{{Movie: "x-00", At: at}},
		Opinions: []catalog.Opinion{
			{Movie: "x-01", Kind: catalog.FeedbackDismiss, At: at}, {Movie: "x-02", Kind: catalog.FeedbackDislike, At: at}, {Movie: "x-03", Kind: catalog.FeedbackLike, At: at},
		},
	}}}, "", time.Now)
	if err := s.Swap(sample(t, "x", 9)); err != nil {
		t.Fatal(err)
	}
	var rows []uint32
	for _, item := range must(t)(s.Fallback("u", 20)).List.Items {
		rows = append(rows, item.Row)
	}
	slices.Sort(rows)
	if !slices.Equal(rows, []uint32{4, 5, 6, 7, 8}) {
		t.Errorf("movies %v, want 4 to 8", rows)
	}
}
