package stream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"marquee/catalog"
)

// FollowConfig says how a file is followed. Start from [DefaultFollowConfig].
type FollowConfig struct {
	Poll   time.Duration // between looks at a file that has nothing new
	Linger time.Duration // for which a rotated file is still looked at: its writer may not have turned yet

	// Tell may be nil, and is called by the goroutine that fetches.
	Tell func(Notice)
}

// DefaultFollowConfig returns a look each 250 ms, and a minute for writers to
// turn to a new file.
func DefaultFollowConfig() FollowConfig {
	return FollowConfig{Poll: 250 * time.Millisecond, Linger: time.Minute}
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid].
func (c FollowConfig) Validate() error {
	var errs []error
	if c.Poll < time.Millisecond || c.Poll > time.Hour {
		errs = append(errs, fmt.Errorf("poll interval is %v, want 1ms to 1h: %w", c.Poll, catalog.ErrInvalid))
	}
	if c.Linger < 0 || c.Linger > 24*time.Hour {
		errs = append(errs, fmt.Errorf("linger is %v, want 0 to 24h: %w", c.Linger, catalog.ErrInvalid))
	}
	return errors.Join(errs...)
}

// Follow returns a Tail of the file at path, which need not be there yet. held
// says what the sink has. For a file that it has nothing of, or with
// cfg.From.Replay, reading begins where cfg.From says, as in [OpenFile], but never
// within a line; that is for the file which is there now, and one that comes
// later is read from its beginning. now is the time at which lines are refused.
// The caller closes the Tail.
//
// A folder, a pipe or a gzipped file at path is an error that wraps
// [catalog.ErrInvalid].
func Follow(ctx context.Context, path string, held Offsets, cfg Config, follow FollowConfig, now func() time.Time) (*Tail, error) {
	if err := errors.Join(cfg.Validate(), follow.Validate(), ctx.Err()); err != nil {
		return nil, err
	}
	t := &Tail{path: path, held: held, cfg: cfg, follow: follow, rows: NewRows(cfg, now), scan: true}
	k, err := newTrack(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		t.missing(err)
		return t, nil
	case err != nil:
		return nil, err
	}
	t.tracks, t.current, k.replay = []*track{k}, k, cfg.From.Replay
	if k.start, err = t.begin(k); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), t.closeAll())
	}
	t.tell(Notice{What: Following, Path: path})
	return t, nil
}

// begin returns where k is read from if the sink has nothing of it.
func (t *Tail) begin(k *track) (int64, error) {
	whole, err := wholeLines(k.file, k.info.Size())
	if err != nil {
		return 0, err
	}
	return begin(k.file, whole, t.cfg.From, t.cfg.Location)
}

// Fetch implements [Source]. It waits until there are Config.BatchLines whole
// lines, or until Config.BatchWait has passed since the first one, or ctx ends:
// then the lines that were read are not lost, and the next Fetch goes on with
// them. It never returns io.EOF.
func (t *Tail) Fetch(ctx context.Context) (catalog.Batch, error) {
	for {
		if t.closed {
			return catalog.Batch{}, fmt.Errorf("%s: %w", t.path, os.ErrClosed)
		}
		if err := ctx.Err(); err != nil {
			return catalog.Batch{}, err
		}
		ready, err := t.step(ctx)
		if err != nil {
			return catalog.Batch{}, fmt.Errorf("follow: %w", err)
		}
		if ready {
			return t.finish(), nil
		}
		if err := sleep(ctx, t.pause()); err != nil {
			return catalog.Batch{}, err
		}
	}
}

// pause returns how long to wait for more lines.
func (t *Tail) pause() time.Duration {
	if t.count == 0 {
		return t.follow.Poll
	}
	return max(0, min(t.follow.Poll, time.Until(t.due)))
}

// Seek implements [Source]. A replay whose first batch was refused, because
// another reader moved the offset in between, begins again instead.
func (t *Tail) Seek(_ context.Context, partition string, offset int64) error {
	for _, k := range t.tracks {
		if k.partition != partition || partition == "" {
			continue
		}
		if offset < 0 {
			return fmt.Errorf("offset %d of %s, want 0 or more: %w", offset, k.path, catalog.ErrInvalid)
		}
		t.part, t.count, t.on, t.bare = catalog.Batch{}, 0, nil, false
		return k.seek(k.opening.turn(offset))
	}
	return fmt.Errorf("partition %s is no file that is followed as %s: %w", partition, t.path, catalog.ErrInvalid)
}

// Behind returns how many bytes of the files were not handed over when Fetch
// looked last. Any goroutine may call it.
func (t *Tail) Behind() int64 { return t.behind.Load() }

// Close closes the files. A second call does nothing.
func (t *Tail) Close() error {
	t.closed = true
	return t.closeAll()
}

func (t *Tail) closeAll() error {
	var errs []error
	for _, k := range t.tracks {
		errs = append(errs, k.file.Close())
	}
	t.tracks, t.current, t.on = nil, nil, nil
	return errors.Join(errs...)
}
