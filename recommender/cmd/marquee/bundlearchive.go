package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"marquee/recommender/bundle"
)

type bundleExportCmd struct {
	bundleArg
	To string `help:"File to write; a name that ends in .gz is compressed, - is standard output. Default: ID.tar here." short:"o" env:"-" placeholder:"FILE" predictor:"file"`
}

// Help is shown below the flags.
func (bundleExportCmd) Help() string {
	return `Examples:
  marquee bundle export
  marquee bundle export 3f9c -o /backup/3f9c.tar.gz
  marquee bundle export -o - | ssh other marquee bundle import -`
}

// Run writes one file.
func (c bundleExportCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	if c.To == "-" {
		return shelf.Export(ctx, id, e.stdout)
	}
	to := orElse(c.To, id+".tar")
	size, err := exportTo(ctx, shelf, id, to)
	if err != nil {
		return err
	}
	return e.print(map[string]any{"bundle": id, "file": to, "bytes": size}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is in %s (%.1f MiB)\n", id, to, float64(size)/(1<<20))
	})
}

// exportTo writes a bundle beside its place and renames it, so that no half of one is
// ever there under the name.
func exportTo(ctx context.Context, shelf *bundle.Shelf, id, to string) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(to), ".export-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = writeExport(ctx, shelf, id, f, strings.HasSuffix(to, ".gz"))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(f.Name())
	if err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(f.Name(), to)
}

// writeExport writes a bundle, compressed or not.
func writeExport(ctx context.Context, shelf *bundle.Shelf, id string, w io.Writer, compressed bool) error {
	if !compressed {
		return shelf.Export(ctx, id, w)
	}
	gz := gzip.NewWriter(w)
	return errors.Join(shelf.Export(ctx, id, gz), gz.Close())
}

type bundleImportCmd struct {
	File    string `arg:"" help:"File that export wrote, compressed or not; - is standard input. With --bundles also the ID of a bundle there, or live." predictor:"file"`
	Publish bool   `help:"Make it live." env:"-"`
}

// Help is shown below the flags.
func (bundleImportCmd) Help() string {
	return `Examples:
  marquee bundle import 3f9cd2a1b0e45c77.tar
  marquee bundle import - --publish < bundle.tar.gz
  marquee bundle import live --bundles "s3://movies/bundles?endpoint=minio:9000" --publish

Every file is checked against the manifest before the bundle comes to the shelf, also if it
is there already. Exit status 2: there is no such file; 4: the archive is broken.`
}

// Run takes one file.
func (c bundleImportCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	m, err := c.take(ctx, e, shelf)
	if err != nil {
		return err
	}
	store, closeStore := e.storeIfThere(ctx)
	defer closeStore()
	if store != nil {
		gone, err := store.Tombstones(ctx)
		if err != nil {
			return err
		}
		if m, err = shelf.ForgetIn(ctx, m, gone.Has); err != nil {
			return err
		}
	}
	if c.Publish {
		depot, err := e.openDepot()
		if err != nil {
			return err
		}
		if err := (going{shelf, store, depot}).live(ctx, e, bundle.Publication{ID: m.ID, Why: "imported"}, nil); err != nil {
			return err
		}
	}
	return e.print(map[string]any{"bundle": m.ID, "published": c.Publish}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is on the shelf", m.ID)
		if c.Publish {
			fmt.Fprint(w, ", live now")
		}
		fmt.Fprintln(w)
	})
}

// take brings the bundle to the shelf.
func (c bundleImportCmd) take(ctx context.Context, e *env, shelf *bundle.Shelf) (bundle.Manifest, error) {
	if c.File == "-" {
		return shelf.Import(ctx, e.stdin)
	}
	f, err := os.Open(c.File)
	if errors.Is(err, os.ErrNotExist) && (c.File == "live" || bundle.ValidID(c.File)) {
		return e.pullShared(ctx, shelf, c.File)
	}
	if err != nil {
		return bundle.Manifest{}, usage("%v", err)
	}
	defer f.Close()
	return shelf.Import(ctx, f)
}
