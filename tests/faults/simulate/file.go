package simulate

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/wire"
)

// fileStage is a file that grows and is rotated, in one of three ways.
type fileStage struct {
	plan  Plan
	path  string
	lines *ledger.Generator
	rng   *rand.Rand
	style rotation
	topic string

	mu      sync.Mutex
	number  int    // of the file that is written
	content []byte // of it
	begun   map[string]int
}

// A rotation is a way to rotate.
type rotation int

const (
	dated    rotation = iota // events.log becomes events.log.00000001, then ...2
	numbered                 // events.log.1 becomes events.log.2, events.log becomes events.log.1
	truncate                 // as numbered, but events.log is copied and cut
	rotations
)

func newFileStage(p Plan, play Play) *fileStage {
	cfg := ledger.DefaultConfig()
	cfg.FirstUser = play.FirstUser
	rng := rand.New(rand.NewPCG(p.Seed, 0x66696c65))
	return &fileStage{
		plan: p, path: filepath.Join(play.Folder, "events.log"), topic: play.Topic,
		lines: ledger.New(p.Seed, cfg), rng: rng, style: rotation(rng.IntN(int(rotations))), begun: make(map[string]int),
	}
}

// followed is a tail, which wants no acknowledgements.
type followed struct{ *stream.Tail }

// Acknowledge implements catalog/stream.Acknowledger.
func (followed) Acknowledge(_ context.Context, _ catalog.Batch, _ catalog.Applied, err error) error {
	return err
}

func (f *fileStage) open(ctx context.Context, _ string, _ *wire.Link, held stream.Offsets, cfg stream.Config) (Source, error) {
	follow := stream.DefaultFollowConfig()
	follow.Poll = time.Second
	tail, err := stream.Follow(ctx, f.path, held, cfg, follow, time.Now)
	if err != nil {
		return nil, err
	}
	return followed{tail}, nil
}

// write appends the lines in pieces that may end within a line, and rotates now
// and then, always after a whole line and before more: a reader that was away
// looks for rotated files when a new one has lines.
func (f *fileStage) write(ctx context.Context, w *world) error {
	return f.plan.inBursts(ctx, func(count int) error {
		for count > 0 {
			if len(f.content) > 0 && f.rng.IntN(8) == 0 {
				if err := f.rotate(ctx, w); err != nil {
					return err
				}
			}
			n := min(count, 1+f.rng.IntN(30))
			count -= n
			if err := f.append(ctx, w, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *fileStage) append(ctx context.Context, w *world, n int) error {
	var text []byte
	for range n {
		l := f.lines.Next()
		at := len(f.content) + len(text)
		if at == 0 {
			l = f.lines.Unique()
		}
		text = append(append(text, l.Text...), '\n')
		w.out.Book.Put(f.name(f.number), int64(at), int64(len(f.content)+len(text)), l)
	}
	f.note(text)
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	cut := f.rng.IntN(len(text) + 1)
	for _, piece := range [][]byte{text[:cut], text[cut:]} {
		if _, err := file.Write(piece); err != nil {
			return err
		}
		// The system notes when a file was written in real time, in which all of
		// this takes no time at all.
		if err := os.Chtimes(f.path, time.Now(), time.Now()); err != nil {
			return err
		}
		if err := sleep(ctx, time.Duration(f.rng.IntN(1500))*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (f *fileStage) name(number int) string { return f.topic + "/file/" + strconv.Itoa(number) }

// note remembers under which names the file may be known.
func (f *fileStage) note(text []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.content = append(f.content, text...)
	for _, name := range ledger.FileNames(f.content) {
		f.begun[name] = f.number
	}
}

func (f *fileStage) part(partition string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	number, known := f.begun[partition]
	if !known {
		return partition
	}
	return f.name(number)
}

// rotate begins a new file. The first one is rotated only when something of it
// is in the store: before, nobody could tell it from an old one that was never
// asked for.
func (f *fileStage) rotate(ctx context.Context, w *world) error {
	for f.number == 0 && !w.began(ctx) {
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	switch f.style {
	case dated:
		if err := os.Rename(f.path, fmt.Sprintf("%s.%08d", f.path, f.number)); err != nil {
			return err
		}
	default:
		if err := f.shift(); err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.number++
	f.content = nil
	f.mu.Unlock()
	return sleep(ctx, time.Duration(f.rng.IntN(3000))*time.Millisecond)
}

// shift makes N of each file N-1, and 1 of the file itself.
func (f *fileStage) shift() error {
	for n := f.number; n > 0; n-- {
		if err := os.Rename(fmt.Sprintf("%s.%d", f.path, n), fmt.Sprintf("%s.%d", f.path, n+1)); err != nil {
			return err
		}
	}
	if f.style == numbered {
		return os.Rename(f.path, f.path+".1")
	}
	from, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(f.path + ".1")
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	if err := os.Chtimes(f.path+".1", time.Now(), time.Now()); err != nil {
		return err
	}
	return os.Truncate(f.path, 0)
}

func (f *fileStage) trouble(context.Context, Trouble) {}

func (f *fileStage) bury(context.Context, string) {}
