package movielens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"marquee/catalog"
	"marquee/catalog/rows"
)

// Rows to the store in one call.
const (
	batchMovies  = 1000
	batchRatings = 5000
)

// Import reads the MovieLens folder dir into store.
//
// A store without ratings takes on the data set's scale, 0.5 to 5 or 1 to 5; if
// it holds ratings on another, Import refuses before it changes anything.
// Facts of movies that the store knows are overwritten where the folder knows
// them and kept where it does not, so that importing again takes away nothing
// that other files added. People have records in 1m and 100k alone; elsewhere
// they are known by their ratings. A rating of a movie that the folder does not
// describe goes in, and the report names each such movie once.
//
// A row that cannot be taken is in the report with its line and the reason.
// The error is for what stops the import, such as a file that is missing, empty
// or without its columns (it wraps [catalog.ErrInvalid] or [os.ErrNotExist]), a
// store that fails, or ctx ended. Movies are joined in memory, some 1 KB each
// and what their plots take; ratings stream through in batches.
func Import(ctx context.Context, store Store, dir string, opts Options) (catalog.Report, error) {
	if err := opts.Validate(); err != nil {
		return catalog.Report{}, err
	}
	l, err := detect(dir)
	if err != nil {
		return catalog.Report{}, err
	}
	im := &importer{ctx: ctx, store: store, dir: dir, opts: opts, layout: l}
	if err := im.measure(); err != nil {
		return catalog.Report{}, err
	}
	if err := im.checkScale(); err != nil {
		return catalog.Report{}, err
	}
	for _, step := range []func() error{im.movies, im.users, im.ratings} {
		if err := step(); err != nil {
			return im.report, err
		}
	}
	return im.report, nil
}

// An importer is one import on its way.
type importer struct {
	ctx    context.Context
	store  Store
	dir    string
	opts   Options
	layout layout
	found  *found
	report catalog.Report

	total, done int64 // bytes on disk, of all files and of those that are finished
}

// measure adds up the sizes of all files, which must be there.
func (im *importer) measure() error {
	l := im.layout
	paths := []string{}
	for _, s := range []source{l.movies, l.rates, l.links, l.tags, l.users, l.genres} {
		if s.name != "" {
			paths = append(paths, filepath.Join(im.dir, s.name))
		}
	}
	if im.opts.Metadata != "" {
		paths = append(paths, im.opts.Metadata)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		im.total += info.Size()
	}
	return nil
}

// checkScale refuses a store that holds ratings on another scale. [Store]'s
// SetScale would let whole stars pass for half stars.
func (im *importer) checkScale() error {
	held, err := im.store.Scale(im.ctx)
	if err != nil || held == im.layout.scale {
		return err
	}
	counts, err := im.store.Counts(im.ctx)
	if err != nil {
		return err
	}
	if counts.Ratings > 0 {
		return fmt.Errorf("the store holds %d ratings on the scale %v, and those in %s are on %v; want one scale in a store, so import into another store: %w",
			counts.Ratings, held, im.layout.rates.name, im.layout.scale, catalog.ErrInvalid)
	}
	return nil
}

// each calls take with every readable row of a file of the layout. Rows that
// cannot be read, and those that take refuses with an error that wraps
// [catalog.ErrInvalid], are refused. It calls flush, if not nil, after every
// batchRatings rows and at the end, an early one too.
func (im *importer) each(s source, take func(fields []string, line int) error, flush func() error) error {
	err := im.scan(s, take, flush)
	if flush != nil {
		if flushErr := flush(); err == nil {
			err = flushErr
		}
	}
	return err
}

func (im *importer) scan(s source, take func(fields []string, line int) error, flush func() error) error {
	if s.name == "" {
		return nil
	}
	r, err := open(im.dir, s, im.layout.sepOf(s))
	if err != nil {
		return err
	}
	defer r.close()
	count := 0
	for ; ; count++ {
		if count%batchRatings == 0 {
			if err := im.tick(r.file); err != nil {
				return err
			}
			if flush != nil {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		fields, line, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = take(fields, line)
		}
		switch {
		case err == nil:
		case errors.Is(err, rows.ErrRow) || errors.Is(err, catalog.ErrInvalid):
			im.report.Refuse(s.name, line, err.Error())
		default:
			return err
		}
	}
	if count == 0 && r.csv == nil {
		return fmt.Errorf("%s is empty: %w", filepath.Join(im.dir, s.name), catalog.ErrInvalid)
	}
	return im.finish(r.file)
}

// tick tells how far the import is, and returns the error of an ended context.
func (im *importer) tick(file *rows.File) error {
	if im.opts.Progress != nil {
		im.opts.Progress(im.done+file.Done(), im.total)
	}
	return im.ctx.Err()
}

// finish counts a file as read.
func (im *importer) finish(file *rows.File) error {
	im.done += file.Done()
	if im.opts.Progress != nil {
		im.opts.Progress(im.done, im.total)
	}
	return nil
}
