package catalogapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"marquee/catalog"
)

// A Client asks the catalog API. Any number of goroutines may use it; all of
// them together keep to its rate.
type Client struct {
	cfg  Config
	http *http.Client
	log  *slog.Logger
	gate *gate
	down *outage

	// genuine is set once the service has given a record or a message. Until
	// then a bare 404 may as well come from a wrong base URL.
	genuine atomic.Bool
}

// New returns a Client. hc carries the requests; its own Timeout should be 0,
// since each attempt has the Config's. What is asked again is logged to log, at
// debug level; the third failed attempt in a row is a warning, with the error,
// as is one every ten seconds after it, until an answer is logged as info.
func New(cfg Config, hc *http.Client, log *slog.Logger) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("catalog API: %w", err)
	}
	return &Client{cfg: cfg, http: hc, log: log, gate: newGate(cfg.RequestsPerSecond, cfg.Burst), down: &outage{log: log, name: redact(cfg.BaseURL)}}, nil
}

// A statusError is an answer with a status that is neither 2xx nor an answer
// about an id.
type statusError struct {
	status int
	body   string // its beginning
}

func (e *statusError) Error() string {
	return fmt.Sprintf("answered status %d, %q", e.status, e.body)
}

// retriable reports whether the same request may succeed later.
func (e *statusError) retriable() bool {
	return e.status >= 500 || e.status == http.StatusTooManyRequests || e.status == http.StatusRequestTimeout || e.status == http.StatusTooEarly
}

// errTooLarge reports an answer beyond Config.MaxBodyBytes.
var errTooLarge = errors.New("answer is too large")

// errNoneKnown reports that a bulk request found nothing, which may be due to
// one id among it.
var errNoneKnown = errors.New("answer knows none of the ids")

// maxRubbish is how often an unreadable answer is asked for again: it may have
// been cut on its way, but a record that the service cannot write stays so.
const maxRubbish = 2

// ask makes one request for ids, with retries, and returns what it taught.
func (c *Client) ask(ctx context.Context, kind string, ids []string) *reply {
	rubbish := 0
	policy := retrypolicy.NewBuilder[*reply]().
		WithMaxRetries(c.cfg.Retries).
		WithBackoff(c.cfg.MinDelay, c.cfg.MaxDelay).
		WithJitterFactor(jitter).
		HandleIf(func(_ *reply, err error) bool { return err != nil }).
		AbortIf(func(_ *reply, err error) bool { return !retriable(err) || rubbish > maxRubbish }).
		ReturnLastFailure().
		OnRetryScheduled(func(e failsafe.ExecutionScheduledEvent[*reply]) {
			c.log.Debug("catalog API: asking again", "kind", kind, "first_id", ids[0], "attempt", e.Attempts(), "after", e.Delay, "error", e.LastError())
		}).
		Build()
	r, err := failsafe.With(policy).WithContext(ctx).GetWithExecution(func(failsafe.Execution[*reply]) (*reply, error) {
		if err := c.gate.wait(ctx); err != nil {
			return nil, err
		}
		r, err := c.attempt(ctx, kind, ids)
		c.down.note(ctx, err)
		if errors.Is(err, errRubbish) {
			rubbish++
		}
		return r, err
	})
	if err == nil {
		return r
	}
	return c.settle(ctx, kind, ids, err)
}

// jitter is the share by which delays vary, so that clients which failed
// together do not come back together.
const jitter = 0.25

func retriable(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.retriable()
	}
	return err != nil && !errors.Is(err, errTooLarge) && !errors.Is(err, errNoneKnown) && !errors.Is(err, catalog.ErrInvalid)
}

// settle turns the error of a last attempt into a reply: it splits a bulk
// request that the service could not take, or blames the ids, or ends
// everything.
func (c *Client) settle(ctx context.Context, kind string, ids []string, err error) *reply {
	r := newReply(ids)
	if ctx.Err() != nil {
		r.err = ctx.Err()
		return r
	}
	var status *statusError
	isStatus := errors.As(err, &status)
	switch {
	case isStatus && (status.status == http.StatusUnauthorized || status.status == http.StatusForbidden):
		r.err = fmt.Errorf("catalog API at %s refuses access: %w: %w", redact(c.cfg.BaseURL), err, catalog.ErrInvalid)
	case isStatus && status.retriable() && status.status < 500:
		r.err = fmt.Errorf("catalog API at %s: %w: %w", redact(c.cfg.BaseURL), err, catalog.ErrUnavailable)
	case isStatus && status.status >= 500: // perhaps these ids alone
		return r.fault(err)
	case len(ids) > 1 && (isStatus || errors.Is(err, errTooLarge) || errors.Is(err, errNoneKnown)):
		return c.halves(ctx, kind, ids)
	case isStatus, errors.Is(err, errTooLarge), errors.Is(err, errRubbish):
		return r.fault(err)
	case errors.Is(err, catalog.ErrInvalid):
		r.err = err
	default:
		r.err = fmt.Errorf("catalog API at %s cannot be reached: %w: %w", redact(c.cfg.BaseURL), err, catalog.ErrUnavailable)
	}
	return r
}

// halves asks for ids in two requests.
func (c *Client) halves(ctx context.Context, kind string, ids []string) *reply {
	r := newReply(ids)
	r.add(c.ask(ctx, kind, ids[:len(ids)/2]))
	if r.err == nil {
		r.add(c.ask(ctx, kind, ids[len(ids)/2:]))
	}
	return r
}

// attempt makes one request for ids.
func (c *Client) attempt(ctx context.Context, kind string, ids []string) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(kind, ids), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", withoutSecrets(err), catalog.ErrInvalid)
	}
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, withoutSecrets(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, c.cfg.MaxBodyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(body)) > c.cfg.MaxBodyBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", errTooLarge, c.cfg.MaxBodyBytes)
	}
	return c.read(res, body, ids)
}

// read turns an answer into a reply, or into an error.
func (c *Client) read(res *http.Response, body []byte, ids []string) (*reply, error) {
	_, unknown := isUnknown(body)
	if unknown || res.StatusCode >= 200 && res.StatusCode < 300 {
		return c.readAbout(body, ids)
	}
	if res.StatusCode == http.StatusNotFound && len(ids) == 1 {
		r := newReply(ids)
		r.unknown[ids[0]] = true
		return r, nil
	}
	e := &statusError{status: res.StatusCode, body: string(body[:min(len(body), 200)])}
	if e.retriable() {
		after := min(retryAfter(res.Header.Get("Retry-After")), c.cfg.MaxRetryAfter)
		c.gate.pause(after)
	}
	return nil, e
}

// readAbout reads a body that is about ids.
func (c *Client) readAbout(body []byte, ids []string) (*reply, error) {
	r := newReply(ids)
	if err := r.readAnswer(body); err != nil {
		return nil, err
	}
	if r.said {
		c.genuine.Store(true)
	}
	if len(ids) > 1 && (r.wholly || !r.said && len(r.faults) == 0) {
		return nil, errNoneKnown
	}
	return r, nil
}

// retryAfter reads a Retry-After header: seconds, or a date. 0 is none.
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(max(0, min(seconds, 1e9))) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// url returns the address of ids.
func (c *Client) url(kind string, ids []string) string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(c.cfg.BaseURL, "/"))
	b.WriteString("/" + kind + "/")
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		writeEscaped(&b, id)
	}
	return b.String()
}

// writeEscaped writes id for a URL's path: letters, digits and - _ . ~ + * stay
// (a plus is a plus there), all else becomes %XX; so do the dots of an id of
// dots only, which would be taken for a folder.
func writeEscaped(b *strings.Builder, id string) {
	dots := strings.Trim(id, ".") == ""
	for i := range len(id) {
		c := id[i]
		switch {
		case c == '.' && dots:
			b.WriteString("%2E")
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.~+*", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(b, "%%%02X", c)
		}
	}
}
