package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"marquee/catalog"
)

const (
	// jitter is the share by which delays vary, so that clients which failed
	// together do not come back together.
	jitter = 0.25

	// excerptBytes is how much of a body an error shows.
	excerptBytes = 200
)

// A StatusError is an answer whose status is not 200.
type StatusError struct {
	Status     int
	Body       string        // its beginning, without the API key
	RetryAfter time.Duration // what the server asked for; 0 if nothing
}

// Error returns the status and the beginning of the body.
func (e *StatusError) Error() string {
	return fmt.Sprintf("status %d %s: %q", e.Status, http.StatusText(e.Status), e.Body)
}

// passes reports whether the same request may succeed later.
func (e *StatusError) passes() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.Status >= 500
}

// question is the body of a request.
type question struct {
	Model  string   `json:"model"`
	Input  []string `json:"input"`
	Format string   `json:"encoding_format"`
}

// ask returns the vectors of texts, in their order, after as many attempts as
// it takes.
func (c *Client) ask(ctx context.Context, texts []string, dims int) ([][]float32, error) {
	body, err := json.Marshal(question{Model: c.cfg.Model, Input: texts, Format: "float"})
	if err != nil {
		return nil, err
	}
	policy := retrypolicy.NewBuilder[[]byte]().
		WithMaxRetries(c.cfg.Retries).
		WithBackoff(c.cfg.MinDelay, c.cfg.MaxDelay).
		WithJitterFactor(jitter).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[[]byte]) time.Duration {
			var status *StatusError
			if errors.As(e.LastError(), &status) && status.RetryAfter > 0 {
				return time.Duration(float64(status.RetryAfter) / (1 - jitter)) // never earlier than asked
			}
			return -1 // the back-off
		}).
		HandleIf(func(_ []byte, err error) bool { return err != nil }).
		AbortIf(func(_ []byte, err error) bool { return ctx.Err() != nil || !c.passes(err) }).
		ReturnLastFailure().
		Build()
	reply, err := failsafe.With(policy).WithContext(ctx).GetWithExecution(func(failsafe.Execution[[]byte]) ([]byte, error) {
		return c.attempt(ctx, body)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	}
	return vectors(reply, len(texts), dims, c.excerpt(reply))
}

// passes reports whether a request that ended with err may succeed later, soon
// enough to wait for it.
func (c *Client) passes(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.passes() && status.RetryAfter <= c.cfg.MaxRetryAfter
	}
	return errors.Is(err, catalog.ErrUnavailable)
}

// attempt makes one request and returns the body of a good answer. What may
// pass wraps [catalog.ErrUnavailable].
func (c *Client) attempt(ctx context.Context, body []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodPost, c.cfg.endpoint(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.cfg.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+string(c.cfg.APIKey))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(limited, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, c.refused(resp)
	}
	reply, err := io.ReadAll(io.LimitReader(resp.Body, c.cfg.MaxBodyBytes+1))
	if err != nil {
		return nil, c.lost(limited, err)
	}
	if int64(len(reply)) > c.cfg.MaxBodyBytes {
		return nil, fmt.Errorf("%w: body has more than %d bytes, the limit; ask for fewer texts at once", ErrAnswer, c.cfg.MaxBodyBytes)
	}
	return reply, nil
}

// lost returns the error of a request without a whole answer.
func (c *Client) lost(limited context.Context, err error) error {
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no whole answer within %v: %w", c.cfg.Timeout, catalog.ErrUnavailable)
	}
	return fmt.Errorf("%s: %w", c.cfg.APIKey.Hide(err.Error()), catalog.ErrUnavailable)
}

// refused returns the error of a response whose status is not 200.
func (c *Client) refused(resp *http.Response) error {
	start, _ := io.ReadAll(io.LimitReader(resp.Body, excerptBytes+int64(len(c.cfg.APIKey))))
	status := &StatusError{Status: resp.StatusCode, Body: c.excerpt(start), RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	if status.passes() {
		return fmt.Errorf("%w: %w", status, catalog.ErrUnavailable)
	}
	return status
}

// excerpt returns the beginning of body without the API key, even where the key
// lies across the end of the excerpt.
func (c *Client) excerpt(body []byte) string {
	text := c.cfg.APIKey.Hide(string(body[:min(len(body), excerptBytes+len(c.cfg.APIKey))]))
	return text[:min(len(text), excerptBytes)]
}

// retryAfter reads the header of that name, in seconds or as a date; 0 if there
// is none or it cannot be read.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(max(0, min(seconds, 1<<30))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
