package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"marquee/catalog"
)

// A probeCmd asks a server how it is, for machines that have no curl.
type probeCmd struct {
	URL     string        `arg:"" help:"What to ask, such as http://127.0.0.1:8082/health/ready."`
	Timeout time.Duration `help:"Longest time to wait for the answer." default:"2s" placeholder:"TIME"`
}

// Help is shown below the flags.
func (probeCmd) Help() string {
	return `Examples:
  marquee probe http://127.0.0.1:8082/health/ready
  marquee probe http://127.0.0.1:8082/health/live --timeout 500ms

Exit status 0 if the answer is 200, 5 if not: what HEALTHCHECK of a container without a shell needs.`
}

// maxProbeBytes is how much of an answer is shown.
const maxProbeBytes = 4 << 10

// Run asks once.
func (c *probeCmd) Run(ctx context.Context, e *env) error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usage("%q, want a URL such as http://127.0.0.1:8082/health/ready", c.URL)
	}
	if c.Timeout <= 0 {
		return usage("--timeout is %v, want more than 0", c.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return usage("%v", err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", err, catalog.ErrUnavailable)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProbeBytes))
	if err != nil {
		return fmt.Errorf("%s: %w: %w", u.Redacted(), err, catalog.ErrUnavailable)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %.200s: %w", u.Redacted(), res.Status, body, catalog.ErrUnavailable)
	}
	return e.print(map[string]any{"status": res.StatusCode, "body": string(body)}, func(w io.Writer) { fmt.Fprintf(w, "%s", body) })
}
