package qdrant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	api "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"marquee/catalog"
	"marquee/indexer"
)

// ErrKey reports a server that refuses the API key, or wants one.
var ErrKey = errors.New("API key refused")

// errLate reports a server that took an update and had not applied it in time.
var errLate = errors.New("update not applied yet")

// jitter is the share by which delays vary, so that clients which failed together do
// not come back together.
const jitter = 0.25

// ask makes a call with as many attempts as the configuration has, each with its own
// time. What may pass wraps [catalog.ErrUnavailable].
func ask[T any](ctx context.Context, c *Client, what string, do func(context.Context) (T, error)) (T, error) {
	policy := retrypolicy.NewBuilder[T]().
		WithMaxRetries(c.cfg.Attempts-1).
		WithBackoff(c.cfg.MinDelay, c.cfg.MaxDelay).
		WithJitterFactor(jitter).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[T]) time.Duration {
			if wait, asked := retryAfter(e.LastError()); asked {
				return time.Duration(float64(wait) / (1 - jitter)) // never earlier than asked
			}
			return -1 // the back-off
		}).
		HandleIf(func(_ T, err error) bool { return err != nil }).
		AbortIf(func(_ T, err error) bool { return ctx.Err() != nil || !c.passes(err) }).
		ReturnLastFailure().
		Build()
	attempts := 0
	answer, err := failsafe.With(policy).WithContext(ctx).GetWithExecution(func(failsafe.Execution[T]) (T, error) {
		attempts++
		limited, cancel := context.WithTimeout(ctx, c.cfg.WriteTimeout)
		defer cancel()
		return do(limited)
	})
	if err != nil {
		var none T
		return none, c.explain(ctx, err, fmt.Sprintf("%s (attempt %d of %d)", what, attempts, c.cfg.Attempts))
	}
	return answer, nil
}

// once makes a call of a search, whose time the caller has limited. After
// Config.Failures in a row it is not made at all for a while.
func once[T any](ctx, limited context.Context, c *Client, what string, do func(context.Context) (T, error)) (T, error) {
	var none T
	if !c.breaker.TryAcquirePermit() {
		return none, c.resting(what)
	}
	answer, err := do(limited)
	if err == nil {
		c.breaker.RecordSuccess()
		return answer, nil
	}
	err = c.explain(ctx, err, what)
	if errors.Is(err, catalog.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		c.breaker.RecordFailure()
	} else {
		c.breaker.RecordSuccess() // the server answered, or the caller went away
	}
	return none, err
}

// resting returns the error of a call that is not made.
func (c *Client) resting(what string) error {
	return fmt.Errorf("qdrant at %s: %s: left alone for %v after %d failures in a row: %w",
		c.cfg.Addr, what, c.breaker.RemainingDelay().Round(time.Millisecond), c.cfg.Failures, catalog.ErrUnavailable)
}

// passes says whether a call that ended with err may succeed later, soon enough to
// wait for it.
func (c *Client) passes(err error) bool {
	if wait, asked := retryAfter(err); asked {
		return wait <= c.cfg.MaxDelay
	}
	if errors.Is(err, errLate) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted:
		return true
	}
	return false
}

// retryAfter returns the wait that a server with a limit of its rate asks for.
func retryAfter(err error) (time.Duration, bool) {
	var limited *api.QdrantResourceExhaustedError
	if !errors.As(err, &limited) {
		return 0, false
	}
	return time.Duration(max(0, min(limited.RetryAfterS, 1<<20))) * time.Second, true
}

// explain returns the error of a call: ctx's own if the caller has gone, else one that
// says what was done and wraps what callers tell errors by.
func (c *Client) explain(ctx context.Context, err error, what string) error {
	if gone := ctx.Err(); gone != nil {
		return fmt.Errorf("qdrant: %s: %w", what, gone)
	}
	text := c.cfg.APIKey.Hide(err.Error())
	code := status.Code(err)
	if s, ok := status.FromError(err); ok {
		text = fmt.Sprintf("%v: %s", code, c.cfg.APIKey.Hide(s.Message()))
	}
	at := fmt.Sprintf("qdrant at %s: %s: %s", c.cfg.Addr, what, text)
	switch code {
	case codes.NotFound:
		return fmt.Errorf("%s: %w", at, catalog.ErrNotFound)
	case codes.InvalidArgument, codes.OutOfRange:
		if strings.Contains(text, "Vector dimension error") {
			return fmt.Errorf("%s: %w", at, indexer.ErrDims)
		}
		if strings.Contains(text, "already exists") { // as older servers say it
			return fmt.Errorf("%s: %w", at, catalog.ErrConflict)
		}
		return fmt.Errorf("%s: %w", at, catalog.ErrInvalid)
	case codes.AlreadyExists:
		return fmt.Errorf("%s: %w", at, catalog.ErrConflict)
	case codes.Unauthenticated, codes.PermissionDenied:
		return fmt.Errorf("%s; check the API key: %w: %w", at, ErrKey, catalog.ErrUnavailable)
	case codes.DataLoss:
		return fmt.Errorf("%s: %w", at, catalog.ErrDamaged)
	case codes.Unimplemented:
		return fmt.Errorf("%s; want version 1.%d or later: %w", at, leastMinor, ErrVersion)
	}
	return fmt.Errorf("%s: %w", at, catalog.ErrUnavailable)
}

// applied returns the error of an update that was answered.
func applied(reply *api.PointsOperationResponse, err error) (*api.PointsOperationResponse, error) {
	if err != nil {
		return nil, err
	}
	if got := reply.GetResult().GetStatus(); got != api.UpdateStatus_Completed {
		return nil, fmt.Errorf("status %v, want %v: %w", got, api.UpdateStatus_Completed, errLate)
	}
	return reply, nil
}
