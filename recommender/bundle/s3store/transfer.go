package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/minio/minio-go/v7"

	"marquee/recommender/bundle"
)

// A meter adds up what several transfers have done.
type meter struct {
	mu          sync.Mutex
	done, total int64
	show        bundle.Progress
}

func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	if m.show != nil {
		m.show(m.done, m.total)
	}
}

func sizes(files []bundle.File) int64 { return bundle.Manifest{Files: files}.Bytes() }

// Push copies a bundle of the shelf to the depot: first the files that are not there,
// then the manifest. A bundle that is there stays as it is, but files that it lacks are put back.
// Every file is read once before, so that nothing broken gets there.
func (d *Depot) Push(ctx context.Context, s *bundle.Shelf, id string, progress bundle.Progress) error {
	if err := d.push(ctx, s, id, progress); err != nil {
		return fmt.Errorf("push %s: %w", id, err)
	}
	return nil
}

func (d *Depot) push(ctx context.Context, s *bundle.Shelf, id string, progress bundle.Progress) error {
	m, err := s.Manifest(id)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(s.Dir(id), "manifest.json"))
	if err == nil {
		_, err = bundle.ParseManifest(text) // what could not be pulled
	}
	if err == nil {
		err = s.Verify(id)
	}
	if err != nil {
		return err
	}
	if err := d.remove(ctx, removingFolder+id); err != nil { // it comes back
		return err
	}
	count := meter{total: m.Bytes(), show: progress}
	missing, err := d.missing(ctx, m)
	if err != nil {
		return err
	}
	count.add(count.total - sizes(missing))
	if err := d.upload(ctx, s, id, missing, &count); err != nil {
		return err
	}
	if _, _, err := d.manifest(ctx, id); err == nil || !isGone(err) {
		return err
	}
	if err := d.write(ctx, manifestKey(id), text, nil); err != nil {
		return d.told(ctx, err, "write", manifestKey(id))
	}
	// While the manifest was not there, GC may have taken an old file that no other needed.
	if missing, err = d.missing(ctx, m); err != nil {
		return err
	}
	return d.upload(ctx, s, id, missing, &meter{})
}

func (d *Depot) upload(ctx context.Context, s *bundle.Shelf, id string, files []bundle.File, count *meter) error {
	g, ctx := d.group(ctx)
	for _, f := range files {
		g.Go(func() error {
			r, err := s.Open(id, f)
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = d.client.Client.PutObject(ctx, d.c.Bucket, d.c.key(fileKey(f)), r, f.Bytes, minio.PutObjectOptions{
				ContentType: "application/octet-stream", SendContentMd5: true, PartSize: uint64(d.c.PartSize),
			})
			if err == nil {
				count.add(f.Bytes)
			}
			return d.told(ctx, err, "write", f.Name)
		})
	}
	return g.Wait()
}

// Pull copies a bundle of the depot to the shelf. Files that another bundle on the
// shelf has are linked, not copied; each that comes is checked, and asked for again if bytes are missing or
// wrong. Nobody else writes to the shelf meanwhile.
func (d *Depot) Pull(ctx context.Context, s *bundle.Shelf, id string, progress bundle.Progress) (bundle.Manifest, error) {
	m, err := d.pull(ctx, s, id, progress)
	if err != nil {
		return bundle.Manifest{}, fmt.Errorf("pull %s: %w", id, err)
	}
	return m, nil
}

func (d *Depot) pull(ctx context.Context, s *bundle.Shelf, id string, progress bundle.Progress) (bundle.Manifest, error) {
	m, _, err := d.manifest(ctx, id)
	if err != nil {
		return bundle.Manifest{}, err
	}
	in, err := s.Receive(ctx, m)
	if err != nil {
		return bundle.Manifest{}, err
	}
	defer in.Close()
	missing := in.Missing()
	count := meter{total: m.Bytes(), show: progress}
	count.add(count.total - sizes(missing))
	g, gctx := d.group(ctx)
	for _, f := range missing {
		g.Go(func() error {
			err := d.download(gctx, in, f)
			if err == nil {
				count.add(f.Bytes)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return bundle.Manifest{}, err
	}
	return in.Commit()
}

func (d *Depot) download(ctx context.Context, in *bundle.Incoming, f bundle.File) error {
	var disk error
	err := d.again(ctx, func() error {
		body, _, _, err := d.client.GetObject(ctx, d.c.Bucket, d.c.key(fileKey(f)), minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		defer body.Close()
		err = in.Put(ctx, f, cable{body})
		var cut interrupted
		if err != nil && !errors.As(err, &cut) && !errors.Is(err, bundle.ErrBroken) {
			disk = err
		}
		return err
	})
	if disk != nil {
		return disk
	}
	if code(err) == "NoSuchKey" {
		err = fmt.Errorf("%w: %w", err, bundle.ErrBroken)
	}
	return d.told(ctx, err, "read", f.Name)
}

// A cable tells errors of an answer from those of the disk that it is written to.
type cable struct{ r io.Reader }

func (c cable) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = interrupted{err}
	}
	return n, err
}
