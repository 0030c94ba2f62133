package history_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"

	"marquee/catalog"
	"marquee/recommender/history"
)

// People who come once do not push out those who come often: where nine of ten requests
// are for as many people as there is nearly room for, most are answered from memory.
func TestOftenStay(t *testing.T) { synctest.Test(t, testOftenStay) }

func testOftenStay(t *testing.T) {
	const (
		people = 20_000
		hot    = 1000
	)
	cfg := history.DefaultConfig()
	cfg.Users = hot * 11 / 10
	c := follow(t, newStore(), cfg)
	rng := rand.New(rand.NewPCG(1, 2))
	ask := func(n int) {
		for range n {
			most := hot
			if rng.IntN(10) == 0 {
				most = people
			}
			if _, _, err := c.Of(t.Context(), catalog.UserID(strconv.Itoa(rng.IntN(most)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask(30_000)
	hits, misses, _ := c.Stats()
	ask(30_000)
	again, missed, held := c.Stats()
	share := float64(again-hits) / float64(again-hits+missed-misses)
	t.Logf("%.3f of the requests were answered from memory", share)
	if share < 0.83 || held > cfg.Users+16 {
		t.Errorf("%.3f of the requests were answered from memory, %d people; want 0.83, and at most %d", share, held, cfg.Users+16)
	}
}
