package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// A Depot keeps bundles in a bucket. It is safe for several goroutines, and several
// processes.
type Depot struct {
	c         Config
	client    minio.Core
	transport *http.Transport
}

var _ bundle.Depot = (*Depot)(nil)

// New returns the depot of c. It makes no request; the bucket must be there by the first.
// Who is done with the depot closes it.
func New(c Config) (*Depot, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("depot: %w", err)
	}
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	// No trailing checksums: servers that do not know them store them as if they were content. Every
	// file is sent with its MD5, and checked against its SHA-256 when it is pulled.
	client, err := minio.NewCore(c.Endpoint, &minio.Options{
		Creds: c.credentials(transport), Secure: !c.Insecure, Transport: transport, Region: c.Region,
		BucketLookup: lookup, MaxRetries: c.Attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("depot %s: %w: %w", c, err, catalog.ErrInvalid)
	}
	return &Depot{c: c, client: *client, transport: transport}, nil
}

// Close ends connections that are idle.
func (d *Depot) Close() { d.transport.CloseIdleConnections() }

// String returns where the depot is.
func (d *Depot) String() string { return d.c.String() }

// The keys of a depot begin with one of these, but for the pointer.
const (
	filesFolder    = "files/"
	bundlesFolder  = "bundles/"
	removingFolder = "removing/"
	manifestName   = "/manifest.json"
	pointerName    = "live"
)

func fileKey(f bundle.File) string { return filesFolder + f.SHA256 }

func manifestKey(id string) string { return bundlesFolder + id + manifestName }

// smallLimit bounds what is read whole, manifests and the pointer, in bytes; what is
// longer is refused by whoever parses it.
const smallLimit = 4 << 20

// read returns what is under a key, and its tag.
func (d *Depot) read(ctx context.Context, name string) (text []byte, etag string, err error) {
	err = d.again(ctx, func() error {
		var info minio.ObjectInfo
		var body io.ReadCloser
		body, info, _, err = d.client.GetObject(ctx, d.c.Bucket, d.c.key(name), minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		defer body.Close()
		etag = info.ETag
		if text, err = io.ReadAll(io.LimitReader(body, smallLimit)); err != nil {
			return interrupted{err}
		}
		return nil
	})
	return text, etag, d.told(ctx, err, "read", name)
}

// interrupted is an error in the middle of an answer, which the client does not try again.
type interrupted struct{ error }

func (e interrupted) Unwrap() error { return e.error }

// again calls f, and again as long as answers are interrupted or bytes wrong, as
// often as the config says.
func (d *Depot) again(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		var cut interrupted
		isCut := errors.As(err, &cut) || errors.Is(err, io.ErrUnexpectedEOF)
		if err == nil || n >= d.c.Attempts || ctx.Err() != nil || !isCut && !errors.Is(err, bundle.ErrBroken) {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// pause waits before the n-th repetition, as long as the client does before its own:
// a random part of a time that doubles, and is at most a second.
func pause(ctx context.Context, n int) error {
	most := min(minio.DefaultRetryUnit<<min(n-1, 10), minio.DefaultRetryCap)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(rand.Int64N(int64(most) + 1))):
		return nil
	}
}

// write puts a small text under a key. conditions may set some on opts.
func (d *Depot) write(ctx context.Context, name string, text []byte, conditions func(opts *minio.PutObjectOptions)) error {
	opts := minio.PutObjectOptions{ContentType: "application/json", DisableMultipart: true, SendContentMd5: true}
	if conditions != nil {
		conditions(&opts)
	}
	_, err := d.client.Client.PutObject(ctx, d.c.Bucket, d.c.key(name), bytes.NewReader(text), int64(len(text)), opts)
	return err
}

// remove removes a key, whether it is there or not.
func (d *Depot) remove(ctx context.Context, name string) error {
	err := d.client.RemoveObject(ctx, d.c.Bucket, d.c.key(name), minio.RemoveObjectOptions{})
	if code(err) == "NoSuchKey" {
		return nil
	}
	return d.told(ctx, err, "remove", name)
}

// size returns the size of what is under a key, -1 if nothing is.
func (d *Depot) size(ctx context.Context, name string) (int64, error) {
	info, err := d.client.StatObject(ctx, d.c.Bucket, d.c.key(name), minio.StatObjectOptions{})
	if code(err) == "NoSuchKey" {
		return -1, nil
	}
	return info.Size, d.told(ctx, err, "look for", name)
}

// An item is a key of the depot, without its folder, and what is under it.
type item struct {
	name    string
	size    int64
	changed time.Time
}

// list returns what is in a folder, by name.
func (d *Depot) list(ctx context.Context, folder string) ([]item, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var items []item
	prefix := d.c.key(folder)
	for o := range d.client.ListObjectsIter(ctx, d.c.Bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, d.told(ctx, o.Err, "list", folder)
		}
		name, found := strings.CutPrefix(o.Key, prefix)
		if !found {
			return nil, fmt.Errorf("list %s in the depot %s: the server answers with %.200q: %w", folder, d.c, o.Key, bundle.ErrBroken)
		}
		items = append(items, item{name, o.Size, o.LastModified})
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return items, nil
}

// code returns the server's code of an error, "" if it is not the server's.
func code(err error) string {
	var r minio.ErrorResponse
	if !errors.As(err, &r) {
		return ""
	}
	return r.Code
}

// told returns an error of the client as one that says what was done, where, and what
// to do.
func (d *Depot) told(ctx context.Context, err error, doing, name string) error {
	if err == nil {
		return nil
	}
	at := fmt.Sprintf("%s %s in the depot %s", doing, name, d.c)
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", at, ctx.Err())
	}
	var r minio.ErrorResponse
	isAnswer := errors.As(err, &r)
	switch {
	case errors.Is(err, bundle.ErrBroken):
		return fmt.Errorf("%s: %w", at, err)
	case r.Code == "NoSuchKey":
		return fmt.Errorf("%s: %w: %w", at, err, catalog.ErrNotFound)
	case r.Code == "NoSuchBucket":
		return fmt.Errorf("%s: there is no bucket %s; make it first: %w: %w", at, d.c.Bucket, err, catalog.ErrNotFound)
	case r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s: %w (%s); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to credentials that may do that: %w", at, err, r.Code, catalog.ErrInvalid)
	case isAnswer && r.StatusCode/100 == 4 && r.StatusCode != http.StatusRequestTimeout && r.StatusCode != http.StatusTooManyRequests:
		return fmt.Errorf("%s: %w (%s)", at, err, r.Code)
	case isTimeout(err):
		return fmt.Errorf("%s: it was silent for %v: %w: %w", at, d.c.Timeout, err, catalog.ErrUnavailable)
	}
	return fmt.Errorf("%s: %w: %w", at, err, catalog.ErrUnavailable)
}
