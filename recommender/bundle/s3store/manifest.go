package s3store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

// manifest returns the manifest of a bundle, and as it is stored.
func (d *Depot) manifest(ctx context.Context, id string) (bundle.Manifest, []byte, error) {
	if !bundle.ValidID(id) {
		return bundle.Manifest{}, nil, fmt.Errorf("bundle ID %.40q, want 16 hex digits: %w", id, catalog.ErrInvalid)
	}
	text, _, err := d.read(ctx, manifestKey(id))
	if err != nil {
		return bundle.Manifest{}, nil, fmt.Errorf("bundle %s: %w", id, err)
	}
	m, err := bundle.ParseManifest(text)
	if err == nil && m.ID != id {
		err = fmt.Errorf("it is that of %s: %w", m.ID, bundle.ErrBroken)
	}
	if err != nil {
		return bundle.Manifest{}, nil, fmt.Errorf("bundle %s in the depot %s: %w", id, d.c, err)
	}
	return m, text, nil
}

// whole returns an error unless all files of a bundle are there, of the sizes that
// they should have.
func (d *Depot) whole(ctx context.Context, id string) error {
	m, _, err := d.manifest(ctx, id)
	if err != nil {
		return err
	}
	missing, err := d.missing(ctx, m)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("bundle %s in the depot %s: %s is missing; push the bundle again: %w", id, d.c, missing[0].Name, bundle.ErrBroken)
	}
	return err
}

// missing returns the files of m that the depot does not have, or not of their size, a content once.
func (d *Depot) missing(ctx context.Context, m bundle.Manifest) ([]bundle.File, error) {
	absent := make([]bool, len(m.Files))
	g, ctx := d.group(ctx)
	for i, f := range m.Files {
		g.Go(func() error {
			size, err := d.size(ctx, fileKey(f))
			absent[i] = size != f.Bytes
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var missing []bundle.File
	seen := make(map[string]bool)
	for i, f := range m.Files {
		if absent[i] && !seen[f.SHA256] {
			seen[f.SHA256] = true
			missing = append(missing, f)
		}
	}
	return missing, nil
}

// group returns one that runs as many transfers at once as the config says.
func (d *Depot) group(ctx context.Context) (*errgroup.Group, context.Context) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(d.c.Parallel)
	return g, ctx
}

// ids returns the bundles whose manifests are there, ascending, and the names of what
// else is among them.
func (d *Depot) ids(ctx context.Context) (ids, others []string, err error) {
	items, err := d.list(ctx, bundlesFolder)
	for _, it := range items {
		if id, found := strings.CutSuffix(it.name, manifestName); found && bundle.ValidID(id) {
			ids = append(ids, id)
		} else {
			others = append(others, it.name)
		}
	}
	return ids, others, err
}

// List returns the manifests of all bundles of the depot, newest first. One that is
// broken is left out.
func (d *Depot) List(ctx context.Context) ([]bundle.Manifest, error) {
	ids, _, err := d.ids(ctx)
	if err != nil {
		return nil, err
	}
	list, err := d.manifests(ctx, ids, func(err error) error {
		if isGone(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b bundle.Manifest) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// manifests reads those of ids. What cannot be read is left out if pass makes no
// error of it.
func (d *Depot) manifests(ctx context.Context, ids []string, pass func(error) error) ([]bundle.Manifest, error) {
	list := make([]bundle.Manifest, len(ids))
	g, ctx := d.group(ctx)
	for i, id := range ids {
		g.Go(func() (err error) {
			list[i], _, err = d.manifest(ctx, id)
			return pass(err)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(m bundle.Manifest) bool { return m.ID == "" }), nil
}
