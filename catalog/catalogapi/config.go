package catalogapi

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"marquee/catalog"
)

// The editions of the catalog API.
const (
	Edition2025 = "2025" // one id a request
	Edition2026 = "2026" // up to MaxBulk ids a request
)

// MaxBulk is the most ids that a request of edition 2026 may hold.
const MaxBulk = 200

// Config says where the catalog API is and how hard it may be asked. Start from
// [DefaultConfig].
type Config struct {
	BaseURL           string        // "http://host:8080"; /movie/ID and /user/ID are under it
	Edition           string        // Edition2025 or Edition2026
	RequestsPerSecond float64       // retries included; 0 is no limit
	Burst             int           // requests that may come at once after a pause, 1 or more
	Parallel          int           // requests under way at once, 1 to 256
	Bulk              int           // ids a request, 1 to MaxBulk; 1 in edition 2025
	Timeout           time.Duration // of one attempt, body included
	Retries           int           // after the first attempt, 0 to 100
	MinDelay          time.Duration // before the first retry, doubled for each one after it
	MaxDelay          time.Duration // between retries
	MaxRetryAfter     time.Duration // the longest Retry-After that is believed
	MaxBodyBytes      int64         // of an answer
	Fields            Fields
}

// DefaultConfig returns the settings for an edition. Since nobody knows the
// service's own limit, 50 requests a second and 4 at a time are a guess that
// has 27,000 movies of edition 2025 in nine minutes; the back-off does the
// rest. Eight retries span a minute.
func DefaultConfig(baseURL, edition string) Config {
	c := Config{
		BaseURL:           baseURL,
		Edition:           edition,
		RequestsPerSecond: 50,
		Burst:             10,
		Parallel:          4,
		Bulk:              1,
		Timeout:           10 * time.Second,
		Retries:           8,
		MinDelay:          250 * time.Millisecond,
		MaxDelay:          30 * time.Second,
		MaxRetryAfter:     5 * time.Minute,
		MaxBodyBytes:      16 << 20,
		Fields:            DefaultFields(),
	}
	if edition == Edition2026 {
		c.Bulk = 100
	}
	return c
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid].
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format+": %w", append(args, catalog.ErrInvalid)...))
		}
	}
	u, err := url.Parse(c.BaseURL)
	want(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == "",
		"base URL is %s, want http://HOST[:PORT][/PATH]", redact(c.BaseURL))
	want(c.Edition == Edition2025 || c.Edition == Edition2026, "edition is %q, want %s or %s", c.Edition, Edition2025, Edition2026)
	want(c.RequestsPerSecond >= 0 && c.RequestsPerSecond <= 1e6, "requests per second is %v, want 0 (no limit) to 1000000", c.RequestsPerSecond)
	want(c.Burst >= 1, "burst is %d, want 1 or more", c.Burst)
	want(c.Parallel >= 1 && c.Parallel <= 256, "parallel is %d, want 1 to 256", c.Parallel)
	most := 1
	if c.Edition == Edition2026 {
		most = MaxBulk
	}
	want(c.Bulk >= 1 && c.Bulk <= most, "ids a request is %d, want 1 to %d in edition %s", c.Bulk, most, c.Edition)
	want(c.Timeout > 0, "timeout is %v, want more than 0", c.Timeout)
	want(c.Retries >= 0 && c.Retries <= 100, "retries is %d, want 0 to 100", c.Retries)
	want(c.MinDelay > 0 && c.MinDelay < c.MaxDelay, "delays are %v to %v, want 0 < min < max", c.MinDelay, c.MaxDelay)
	want(c.MaxRetryAfter >= 0, "longest Retry-After is %v, want 0 or more", c.MaxRetryAfter)
	want(c.MaxBodyBytes >= 1, "largest body is %d bytes, want 1 or more", c.MaxBodyBytes)
	return errors.Join(errs...)
}
