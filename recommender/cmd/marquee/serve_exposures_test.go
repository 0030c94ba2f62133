package main

import (
	"net/http"
	"strings"
	"testing"
)

// A server that is started anew does not know which ids were given before: a list whose id
// the store has is counted as left out.
func TestListsThatTheStoreLeavesOutAreCounted(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat")
	for _, want := range []string{"marquee_exposures_repeated_total 0\n", "marquee_exposures_repeated_total 1\n"} {
		address, admin := free(t), free(t)
		end := s.background("serve", "--listen", address, "--admin-listen", admin)
		eventually(t, func() bool { code, _ := fetch(t, "http://"+address+"/health/ready"); return code == http.StatusOK })
		for range 3 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/recommend/7", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Request-Id", "constant")
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
		eventually(t, func() bool {
			_, metrics := fetch(t, "http://"+admin+"/metrics")
			return strings.Contains(metrics, `marquee_exposures_kept_total{writer="store"} 3`) && strings.Contains(metrics, want)
		})
		end()
	}
}
