package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

type bundleCmd struct {
	List   bundleListCmd   `cmd:"" help:"List the bundles on the shelf, newest first."`
	Show   bundleShowCmd   `cmd:"" help:"Show where a bundle came from."`
	Verify bundleVerifyCmd `cmd:"" help:"Check every file of a bundle."`
	Live   bundleLiveCmd   `cmd:"" name:"publish" help:"Make a bundle on the shelf the live one."`
}

type bundleListCmd struct{}

// Run lists.
func (bundleListCmd) Run(e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	list, err := shelf.List()
	if err != nil {
		return err
	}
	live, err := shelf.Live()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		e.log.Warn("the pointer to the live bundle cannot be read", "error", err)
	}
	return e.print(map[string]any{"live": live, "bundles": list}, func(w io.Writer) {
		rows := [][]string{{"", "bundle", "created", "movies", "embedder", "index"}}
		for _, m := range list {
			mark := ""
			if m.ID == live {
				mark = "*"
			}
			rows = append(rows, []string{mark, m.ID, m.Created.Format(time.RFC3339), fmt.Sprint(m.Counts.Movies), m.Embedder.String(), m.Index.Kind})
		}
		columns(w, rows...)
	})
}

// bundleArg names a bundle, the live one by default.
type bundleArg struct {
	ID string `arg:"" optional:"" help:"ID of the bundle; default: the live one."`
}

func (a bundleArg) resolve(shelf *bundle.Shelf) (string, error) {
	if a.ID != "" {
		return a.ID, checkBundleID(a.ID)
	}
	return shelf.Live()
}

// checkBundleID refuses what can be no bundle's ID.
func checkBundleID(id string) error {
	if !bundle.ValidID(id) {
		return usage("bundle ID %q, want 16 hex digits; \"marquee bundle list\" shows them", id)
	}
	return nil
}

type bundleShowCmd struct{ bundleArg }

// Run shows a manifest.
func (c bundleShowCmd) Run(e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	m, err := shelf.Manifest(id)
	if err != nil {
		return err
	}
	return e.print(m, func(w io.Writer) { printManifest(w, m) })
}

type bundleVerifyCmd struct{ bundleArg }

// Run checks the files of a bundle and that it can be loaded.
func (c bundleVerifyCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	b, err := shelf.Load(ctx, id, opener())
	if err != nil {
		return err
	}
	return e.print(map[string]any{"bundle": id, "whole": true, "files": len(b.Manifest.Files)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is whole: %d files\n", id, len(b.Manifest.Files))
	})
}

type bundleLiveCmd struct {
	ID string `arg:"" help:"ID of the bundle."`
}

// Run moves the pointer.
func (c bundleLiveCmd) Run(ctx context.Context, e *env) error {
	if err := checkBundleID(c.ID); err != nil {
		return err
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	if err := shelf.Publish(ctx, bundle.Publication{ID: c.ID, By: "bundle publish"}); err != nil {
		return err
	}
	return e.print(map[string]string{"live": c.ID}, func(w io.Writer) { fmt.Fprintf(w, "%s is live\n", c.ID) })
}
