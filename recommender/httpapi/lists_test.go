package httpapi_test

import (
	"testing"

	"marquee/recommender"
)

func TestPopularAndTrending(t *testing.T) {
	c := calls(t, 30)
	c.service.SetTrends([]recommender.Trend{{Movie: "movie+17+2000", Score: 1}, {Movie: "gone", Score: 0.9}, {Movie: "movie+11+2000", Score: 0.5}})
	a := decode(t, c.get("/trending?n=5"), 200)
	if len(a.Items) != 5 || a.Items[0].ID != "movie+17+2000" || a.Items[1].ID != "movie+11+2000" || a.Items[0].Sources[0] != "trending" || a.Items[0].Score != 1 {
		t.Errorf("trending %+v", a.Items)
	}
	p := decode(t, c.get("/popular?n=5", "X-Request-Id", "it"), 200)
	if len(p.Items) != 5 || p.Tier != "popular" || p.RequestID != "it" || p.Bundle == "" || p.User != "" || p.History != "" {
		t.Errorf("popular %+v", p)
	}
	if a.Items[2].ID != p.Items[0].ID {
		t.Errorf("behind what trends stands %s, want the most popular, %s", a.Items[2].ID, p.Items[0].ID)
	}
}

func TestSearch(t *testing.T) {
	c := calls(t, 30)
	w := c.get("/search?q=heist+in%20los+angeles&n=3&year=1999..")
	a := decode(t, w, 200)
	if len(a.Items) != 3 || c.heard.texts[0] != "heist in los angeles" || c.heard.last(t).FromYear != 1999 {
		t.Errorf("searched for %q with %+v, got %+v", c.heard.texts, c.heard.last(t), a)
	}
	for query, says := range map[string]string{"": "missing", "?n=3": "missing", "?q=": "1 to 500", "?q=+%20": "1 to 500", "?q=%ff": "UTF-8", "?q=a&q=b": "once", "?q=a&explain=1": "not known"} {
		refused(t, c.get("/search"+query), 400, says)
	}
	long := make([]byte, 501)
	for i := range long {
		long[i] = 'x'
	}
	refused(t, c.get("/search?q="+string(long)), 400, "501 bytes")

	// The service itself, which cannot embed texts here.
	if w := serve(t, 30).get("/search?q=x"); w.Code != 503 {
		t.Errorf("without an embedder: %d %s, want 503", w.Code, w.Body)
	}
}

// A movie's own page: filters hold there too, and the movie is not among its neighbours.
func TestSimilarPages(t *testing.T) {
	c := calls(t, 30)
	seen := map[string]bool{"movie+05+2000": true}
	cursor := ""
	for range 10 {
		p := c.page(t, "/similar/movie+05+2000?n=3", cursor)
		for _, item := range p.Items {
			if seen[item.ID] {
				t.Errorf("%s stands twice, or is the movie itself", item.ID)
			}
			seen[item.ID] = true
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d movies on all pages, want the table's", len(seen))
	}
	refused(t, c.get("/similar/movie+05+2000?n=101"), 400, "1 to 100")
	refused(t, c.get("/similar/%2f"), 400, "slashes")
}
