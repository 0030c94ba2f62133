package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"marquee/catalog"
	"marquee/recommender/bundle"
)

type bundleCmd struct {
	List     bundleListCmd     `cmd:"" help:"List the bundles on the shelf, newest first."`
	Show     bundleShowCmd     `cmd:"" help:"Show where a bundle came from, and what it reached."`
	Verify   bundleVerifyCmd   `cmd:"" help:"Check every file of a bundle, and that it can be loaded."`
	Diff     bundleDiffCmd     `cmd:"" help:"Show what differs between two bundles."`
	Publish  bundlePublishCmd  `cmd:"" help:"Make a bundle on the shelf the live one."`
	Rollback bundleRollbackCmd `cmd:"" help:"Make the bundle live that was live before."`
	Prune    bundlePruneCmd    `cmd:"" help:"Remove old bundles from the shelf."`
	Export   bundleExportCmd   `cmd:"" help:"Write a bundle to one file."`
	Import   bundleImportCmd   `cmd:"" help:"Take a bundle from a file that export wrote."`
}

// bundleArg names a bundle, the live one by default.
type bundleArg struct {
	ID string `arg:"" optional:"" help:"ID of the bundle, or its first digits; default: the live one." predictor:"bundle"`
}

func (a bundleArg) resolve(shelf *bundle.Shelf) (string, error) {
	if a.ID == "" {
		return shelf.Live()
	}
	return resolveBundle(shelf, a.ID)
}

// resolveBundle returns the ID that text means: "live", an ID, or the beginning of just
// one that is on the shelf.
func resolveBundle(shelf *bundle.Shelf, text string) (string, error) {
	if text == "live" {
		return shelf.Live()
	}
	if bundle.ValidID(text) {
		return text, nil
	}
	if text == "" || len(text) > 16 || strings.Trim(text, "0123456789abcdef") != "" {
		return "", usage("bundle ID %q, want up to 16 hex digits; \"marquee bundle list\" shows them", text)
	}
	list, err := shelf.List()
	if err != nil {
		return "", err
	}
	var found []string
	for _, m := range list {
		if strings.HasPrefix(m.ID, text) {
			found = append(found, m.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no bundle's ID begins with %q; \"marquee bundle list\" shows them: %w", text, catalog.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return "", usage("bundle %q may be %s", text, strings.Join(found, " or "))
}

type bundleShowCmd struct{ bundleArg }

// Help is shown below the flags.
func (bundleShowCmd) Help() string {
	return `Examples:
  marquee bundle show
  marquee bundle show 3f9c --output json      the whole manifest`
}

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
	first := buildOf(shelf, m)
	return e.print(m, func(w io.Writer) { printManifestOf(w, m, first) })
}

// buildOf returns the bundle that was built from the data version of m, if m was made of it
// by reindexing and it is on the shelf; else nil.
func buildOf(shelf *bundle.Shelf, m bundle.Manifest) *bundle.Manifest {
	var first *bundle.Manifest
	reindexed := m
	for range 1000 { // a journal may not go round in circles, a damaged one may
		parent, err := shelf.Manifest(m.Parent)
		if m.Parent == "" || err != nil || parent.DataVersion != m.DataVersion {
			break
		}
		first, m = &parent, parent
	}
	if first != nil && reindexed.Later == nil && reindexed.Counts == first.Counts {
		return nil // built twice of the same
	}
	return first
}

type bundleVerifyCmd struct{ bundleArg }

// Help is shown below the flags.
func (bundleVerifyCmd) Help() string {
	return `Examples:
  marquee bundle verify
  marquee bundle verify 3f9c || echo broken`
}

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
	b, err := shelf.Load(ctx, id, e.opener())
	if err != nil {
		return err
	}
	return e.print(map[string]any{"bundle": id, "whole": true, "files": len(b.Manifest.Files)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is whole: %d files\n", id, len(b.Manifest.Files))
	})
}
