package deploy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mostSeries is how many time series a server may show.
const mostSeries = 300

// Prometheus as configured here scrapes a real server with its token, stores no more
// series than promised, and evaluates every rule.
func TestPrometheus(t *testing.T) {
	slow(t)
	program := need(t, "prometheus")
	tokens := filepath.Join(t.TempDir(), "tokens")
	write(t, tokens, "admin scrape-me-please-0123456789\n")
	admin := free(t)
	_, address := serve(t, newHome(t), "--admin-listen", admin, "--api-token-file", tokens)
	for _, path := range []string{"/recommend/7", "/recommend/", "/recommend/7?format=json", "/similar/film-3", "/similar/none", "/popular", "/nothing"} {
		get(t.Context(), "http://"+address+path)
	}
	if status, _, _ := get(t.Context(), "http://"+admin+"/metrics"); status != http.StatusUnauthorized {
		t.Errorf("metrics without a token: %d, want 401", status)
	}

	dir, listen := t.TempDir(), free(t)
	text, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	targets := `dns_sd_configs:
      - names: [marquee, ingest]
        type: A
        port: 9082
        refresh_interval: 30s
`
	conf := strings.NewReplacer(targets, "static_configs: [{targets: ['"+admin+"']}]\n", "/etc/prometheus/marquee-token", filepath.Join(dir, "token"),
		"scrape_interval: 30s", "scrape_interval: 1s", "scrape_timeout: 5s", "scrape_timeout: 1s", "evaluation_interval: 30s", "evaluation_interval: 1s").Replace(string(text))
	if strings.Contains(conf, "dns_sd") {
		t.Fatal("prometheus.yml no longer has the targets that this test replaces")
	}
	write(t, filepath.Join(dir, "prometheus.yml"), conf)
	write(t, filepath.Join(dir, "token"), "scrape-me-please-0123456789")
	for _, rules := range []string{"serve.rules.yml", "ingest.rules.yml"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy/prometheus", rules))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, rules), string(text))
	}
	start(t, exec.Command(program, "--config.file", filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", listen))
	eventually(t, "Prometheus has scraped the server", func() bool { v, ok := query(t, listen, `up{job="marquee"}`); return ok && v == 1 })
	series, _ := query(t, listen, `scrape_samples_scraped{job="marquee"}`)
	t.Logf("%v series", series)
	if series < 50 || series > mostSeries {
		t.Errorf("%v series, want at most %d", series, mostSeries)
	}
	eventually(t, "the rules have a result", func() bool { _, ok := query(t, listen, "marquee:recommend_failed:ratio_rate5m"); return ok })
	eventually(t, "every rule is well", func() bool { return wellRules(t, listen) })
}

// query returns the value of the first sample.
func query(t *testing.T, address, expression string) (float64, bool) {
	t.Helper()
	status, _, body := get(t.Context(), "http://"+address+"/api/v1/query?query="+url.QueryEscape(expression))
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if status != http.StatusOK || json.Unmarshal([]byte(body), &answer) != nil || len(answer.Data.Result) == 0 {
		return 0, false
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// wellRules reports whether every rule was evaluated without an error.
func wellRules(t *testing.T, address string) bool {
	t.Helper()
	_, _, body := get(t.Context(), "http://"+address+"/api/v1/rules")
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	if json.Unmarshal([]byte(body), &answer) != nil {
		return false
	}
	n := 0
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			if n++; r.Health != "ok" {
				return false
			}
		}
	}
	return n > 20
}
