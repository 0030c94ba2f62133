package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/httpapi"
)

// A remote index says that the first rows are near to every row.
type remote struct {
	indexer.Index
	err error
}

func (r remote) Len() int { return 30 }
func (remote) Search(context.Context, []float32, int, indexer.Keep) ([]indexer.Hit, error) {
	return nil, nil
}
func (r remote) Neighbours(_ context.Context, rows []uint32, k int, _ []uint32) ([][]indexer.Hit, error) {
	lists := make([][]indexer.Hit, len(rows))
	for i := range lists {
		for row := range uint32(min(k, 4)) {
			lists[i] = append(lists[i], indexer.Hit{Row: row, Score: 0.5})
		}
	}
	return lists, r.err
}

// Where an answer's neighbours come from is in its header, its JSON and the metrics if
// the index is outside of the process, and nowhere if it is not.
func TestNeighboursAreToldOf(t *testing.T) {
	for want, index := range map[string]indexer.Index{"": nil, "index": remote{}, "table": remote{err: catalog.ErrUnavailable}} {
		f := serve(t, 30)
		b := sample(t, 30)
		b.Index = index
		if err := f.service.Swap(b); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/recommend/seven", "/recommend/seven?format=json&explain=1", "/similar/movie+05+2000"} {
			w := f.get(path, "Authorization", "Bearer reader")
			if got, there := w.Header()[httpapi.HeaderNeighbours]; w.Code != 200 || there != (want != "") || there && got[0] != want {
				t.Errorf("%s: status %d, header %q, want %q", path, w.Code, got, want)
			}
			if strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
				continue
			}
			var got struct {
				Neighbours string
				Items      []struct {
					ID      string
					Because []struct{ Similarity float32 }
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Neighbours != want || strings.Contains(w.Body.String(), "neighbours") != (want != "") {
				t.Errorf("%s: neighbours %q, %v, want %q", path, got.Neighbours, err, want)
			}
			if want == "index" && strings.HasPrefix(path, "/recommend") && (len(got.Items[0].Because) != 1 || got.Items[0].Because[0].Similarity != 0.5) {
				t.Errorf("%s: because of %+v, want what the index said", path, got.Items[0].Because)
			}
		}
		w := httptest.NewRecorder()
		f.metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		if line := "marquee_neighbours_total{from=\"" + want + "\"} 3\n"; strings.Contains(w.Body.String(), "marquee_neighbours_total{") != (want != "") || want != "" && !strings.Contains(w.Body.String(), line) {
			t.Errorf("%q: metrics lack %s", want, line)
		}
	}
}
