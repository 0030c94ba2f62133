package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/minio/minio-go/v7"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// moves is how often the pointer is read anew because another publisher was
// quicker.
const moves = 20

// journal returns the pointer and its tag, "" if there is none. Of a pointer that is
// broken behind its first line it returns what could be read, and an error.
func (d *Depot) journal(ctx context.Context) (bundle.Journal, string, error) {
	text, etag, err := d.read(ctx, pointerName)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, "", fmt.Errorf("no live bundle; publish one: %w", err)
	}
	if err != nil {
		return nil, "", err
	}
	j, err := bundle.ParseJournal(text)
	if err != nil {
		err = fmt.Errorf("depot %s: %w", d.c, err)
	}
	return j, etag, err
}

// Live returns the ID of the live bundle of the depot.
func (d *Depot) Live(ctx context.Context) (string, error) {
	j, _, err := d.journal(ctx)
	if len(j) == 0 {
		return "", err
	}
	return j.Live(), nil
}

// Published returns the publications of the depot, newest first: the first is that of
// the live bundle.
func (d *Depot) Published(ctx context.Context) ([]bundle.Publication, error) {
	j, _, err := d.journal(ctx)
	return j, err
}

// Publish makes a bundle of the depot the live one, after it has looked that all its
// files are there.
func (d *Depot) Publish(ctx context.Context, p bundle.Publication) error {
	return d.publish(ctx, p, func(string) error { return nil })
}

// PublishAfter is Publish, unless another bundle than began is live by now.
func (d *Depot) PublishAfter(ctx context.Context, began string, p bundle.Publication) error {
	return d.publish(ctx, p, func(live string) error {
		if live == began || live == p.ID {
			return nil
		}
		return fmt.Errorf("bundle %q is live, and %s was made when %q was: %w", live, p.ID, began, bundle.ErrMoved)
	})
}

func (d *Depot) publish(ctx context.Context, p bundle.Publication, allow func(live string) error) error {
	if p.At.IsZero() {
		p.At = time.Now().UTC()
	}
	err := d.whole(ctx, p.ID)
	if err == nil {
		err = d.move(ctx, func(j bundle.Journal) (bundle.Journal, bool, error) {
			if contains(j, p) { // it went well, and the answer was lost
				return j, false, nil
			}
			if err := allow(j.Live()); err != nil {
				return j, false, err
			}
			return j.Publish(p)
		})
	}
	if err != nil {
		return fmt.Errorf("publish %s: %w", p.ID, err)
	}
	return nil
}

func contains(j bundle.Journal, p bundle.Publication) bool {
	return slices.ContainsFunc(j, func(q bundle.Publication) bool {
		return q.ID == p.ID && q.Back == p.Back && q.By == p.By && q.Why == p.Why && q.At.Equal(p.At)
	})
}

// Rollback makes the newest bundle live that was so before the live one and is still
// in the depot, and says from which to which it went.
func (d *Depot) Rollback(ctx context.Context, by, why string) (from, to string, err error) {
	p := bundle.Publication{At: time.Now().UTC(), By: by, Why: why}
	var done bundle.Publication
	err = d.move(ctx, func(j bundle.Journal) (bundle.Journal, bool, error) {
		if done.ID != "" && contains(j, done) {
			return j, false, nil
		}
		var fault error
		next, err := j.Rollback(p, func(id string) bool {
			err := d.whole(ctx, id)
			if err != nil && !isGone(err) {
				fault = err
			}
			return err == nil
		})
		if err = errors.Join(fault, err); err != nil {
			return j, false, err
		}
		done = next[0]
		return next, true, nil
	})
	if err != nil {
		return "", "", fmt.Errorf("roll back: %w", err)
	}
	return done.Back, done.ID, nil
}

func isGone(err error) bool {
	return errors.Is(err, catalog.ErrNotFound) || errors.Is(err, bundle.ErrBroken)
}

// move changes the pointer. change is called with what it is now, more than once if
// another publisher is quicker, and says whether there is anything to change; called with
// what it made itself, there must not be.
func (d *Depot) move(ctx context.Context, change func(bundle.Journal) (bundle.Journal, bool, error)) error {
	for n := range moves {
		j, etag, err := d.journal(ctx)
		if err != nil && !isGone(err) {
			return err
		}
		next, changed, err := change(j)
		if err != nil || !changed {
			return err
		}
		err = d.point(ctx, next, etag)
		if err == nil {
			continue // read it back: it is there, or another was quicker
		}
		if !overtaken(err) {
			return d.settle(ctx, change, err)
		}
		if err := pause(ctx, n+1); err != nil {
			return err
		}
	}
	return fmt.Errorf("others moved the pointer of %s %d times meanwhile; try again: %w", d.c, moves, catalog.ErrUnavailable)
}

// settle finds out whether the pointer was moved by a request that ended with err: an
// answer may be lost on its way.
func (d *Depot) settle(ctx context.Context, change func(bundle.Journal) (bundle.Journal, bool, error), err error) error {
	told := d.told(ctx, err, "write", pointerName)
	j, _, jerr := d.journal(ctx)
	if jerr != nil {
		return told
	}
	if _, changed, cerr := change(j); cerr == nil && !changed {
		return nil
	}
	return told
}

// overtaken reports that the pointer is no longer what was read.
func overtaken(err error) bool {
	switch code(err) {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey":
		return true
	}
	return false
}

// point puts the pointer, on the condition that it still has this tag, or that there is still
// none.
func (d *Depot) point(ctx context.Context, j bundle.Journal, etag string) error {
	text, err := j.Encode()
	if err != nil {
		return err
	}
	err = d.write(ctx, pointerName, text, func(opts *minio.PutObjectOptions) {
		if etag == "" {
			opts.SetMatchETagExcept("*")
		} else {
			opts.SetMatchETag(etag)
		}
	})
	var r minio.ErrorResponse
	if errors.As(err, &r) && (r.Code == "NotImplemented" || r.StatusCode == http.StatusNotImplemented) {
		err = d.write(ctx, pointerName, text, nil)
	}
	return err
}
