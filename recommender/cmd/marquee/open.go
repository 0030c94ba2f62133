package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	"marquee/catalog"
	"marquee/catalog/dataset"
	"marquee/catalog/sqlstore"
	"marquee/embedder/vec"
	"marquee/recommender/bundle"
)

// secretive matches what people write instead of a URL: "host=x password=y",
// "user:secret@host/db", "file:x.db?key=y".
var secretive = regexp.MustCompile(`(?i)^[^/]*:[^/]*@|\b(host|user|dbname|password|key|token)=`)

// openStore opens the store, which a command that brings something in may make.
func (e *env) openStore(ctx context.Context, create bool) (*sqlstore.Store, error) {
	dsn := e.cli.Store
	if !strings.Contains(dsn, "://") && secretive.MatchString(dsn) {
		return nil, usage("--store looks like connection settings (not shown: they may hold a password), want the path of a SQLite file or postgres://USER:PASSWORD@HOST/DATABASE")
	}
	if !strings.Contains(dsn, "://") {
		if !create {
			if _, err := os.Stat(dsn); errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("no store at %s; run \"marquee import\" or \"marquee ingest\" first, or name one with --store: %w", sqlstore.Redact(dsn), catalog.ErrNotFound)
			}
		} else if err := os.MkdirAll(filepath.Dir(dsn), 0o755); err != nil {
			return nil, fmt.Errorf("folder of the store: %w", err)
		}
	}
	return sqlstore.Open(ctx, dsn, e.log)
}

// openShelf opens the folder of bundles.
func (e *env) openShelf() (*bundle.Shelf, error) { return bundle.OpenShelf(e.path("bundles")) }

// openData opens the folder of data versions.
func (e *env) openData() (*dataset.Shelf, error) { return dataset.OpenShelf(e.path("data")) }

// storeIfThere opens the store for what can do without it; nil if there is none. The
// func closes it.
func (e *env) storeIfThere(ctx context.Context) (store *sqlstore.Store, closeStore func()) {
	store, err := e.openStore(ctx, false)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return nil, func() {}
	case err != nil:
		e.log.Warn("the store cannot be reached", "error", err)
		return nil, func() {}
	}
	return store, func() {
		if err := store.Close(); err != nil {
			e.log.Warn("the store was not closed", "error", err)
		}
	}
}

// openLive loads the live bundle.
func (e *env) openLive(ctx context.Context) (*bundle.Bundle, error) {
	return e.openLiveWith(ctx, e.opener())
}

// openLiveWith loads the live bundle, or the parts of it that opener wants.
func (e *env) openLiveWith(ctx context.Context, opener bundle.Opener) (*bundle.Bundle, error) {
	shelf, err := e.openShelf()
	if err != nil {
		return nil, err
	}
	id, err := shelf.Live()
	if err != nil {
		return nil, err
	}
	return shelf.Load(ctx, id, opener)
}

// program says what built a bundle.
func program() bundle.Program {
	p := bundle.Program{Version: version, Go: runtime.Version(), Kernel: vec.Path()}
	p.Commit = commit
	if info, ok := debug.ReadBuildInfo(); ok && p.Commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				p.Commit = s.Value
			}
		}
	}
	return p
}
