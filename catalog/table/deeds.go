package table

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"marquee/catalog"
)

// undated is the note of rows without a time, reported once a file.
const undated = "rows without a time are dated 1970-01-01, before all others; this is the first"

// ratings imports ratings on the store's scale. Of several by one person of one
// movie the latest wins, in the store, so that neither their order nor an
// import done twice matters.
func (im *importer) ratings() error {
	scale, err := im.store.Scale(im.ctx)
	if err != nil {
		return err
	}
	var batch []catalog.Rating
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		tally, err := im.store.PutRatings(im.ctx, batch)
		im.report.Ratings.Add(tally)
		batch = batch[:0]
		return err
	}
	told := false
	return im.each(func(rec *record, line int) error {
		r, err := rec.rating(scale)
		if err != nil {
			return err
		}
		if r.At.Equal(epoch) && !told {
			told = true
			rec.note(undated)
		}
		batch = append(batch, r)
		im.mend(line, rec.notes)
		return nil
	}, flush)
}

// watches imports watches as the events of one partition, named by the digest
// of the file and of what was asked of it; its offset counts rows. So a file
// goes in once, and an import that was cut short goes on where it stopped.
func (im *importer) watches() error {
	partition, err := im.partition()
	if err != nil {
		return err
	}
	held, err := im.store.Offset(im.ctx, partition)
	if err != nil {
		return err
	}
	b := catalog.Batch{Partition: partition, From: held, To: held}
	row := int64(0)
	flush := func() error {
		if b.To == b.From {
			return nil
		}
		if _, err := im.store.Append(im.ctx, b); errors.Is(err, catalog.ErrOffset) {
			return fmt.Errorf("another import of %s is running: %w", im.name, err)
		} else if err != nil {
			return err
		}
		im.report.Watches.New += len(b.Minutes)
		b = catalog.Batch{Partition: partition, From: b.To, To: b.To}
		return nil
	}
	runtimes := runtimes{im: im}
	told := false
	return im.each(func(rec *record, line int) error {
		row++
		m, known, err := rec.watch()
		if err != nil {
			b.To = max(b.To, row)
			return err
		}
		if row <= held {
			im.report.Watches.Same++
			return nil
		}
		if !known {
			if m.Minute, err = runtimes.last(m.Movie); err != nil {
				return err
			}
		}
		if m.At.Equal(epoch) && !told {
			told = true
			rec.note(undated)
		}
		b.Minutes = append(b.Minutes, m)
		b.To = row
		im.mend(line, rec.notes)
		return nil
	}, flush)
}

// partition names the file by its content, and by the options that say what a
// row means: after a wrong column map, the right one starts anew.
func (im *importer) partition() (string, error) {
	f, err := os.Open(im.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{im.opts.format(), im.opts.Comma, im.opts.Columns}); err != nil {
		return "", err
	}
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("import:sha256:%x", h.Sum(nil)), nil
}

// runtimes finds the last minute of movies: a watch without a minute counts as
// watched to the end, since taking it for the first minute would say that the
// person turned the movie off.
type runtimes struct {
	im    *importer
	known map[catalog.MovieID]int
}

func (r *runtimes) last(id catalog.MovieID) (int, error) {
	if minute, ok := r.known[id]; ok {
		return minute, nil
	}
	m, err := r.im.store.Movie(r.im.ctx, id)
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return 0, err
	}
	if r.known == nil || len(r.known) >= 1<<20 {
		r.known = make(map[catalog.MovieID]int)
	}
	r.known[id] = max(0, m.RuntimeMinutes-1)
	return r.known[id], nil
}
