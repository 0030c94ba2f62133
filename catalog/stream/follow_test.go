package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// A follower runs a Tail of path into dst, in a synctest bubble.
type follower struct {
	t       *testing.T
	path    string
	dst     *sink
	cfg     stream.Config
	notices []stream.Happening
	silent  bool
	follow  stream.FollowConfig
	stop    func()
}

func newFollower(t *testing.T) *follower {
	f := &follower{t: t, path: filepath.Join(t.TempDir(), "movielog.log"), dst: newSink(), cfg: stream.DefaultConfig(), follow: stream.DefaultFollowConfig()}
	f.stop = func() {}
	return f
}

// start follows until stop.
func (f *follower) start() {
	f.t.Helper()
	follow := f.follow
	follow.Tell = func(n stream.Notice) {
		f.dst.change(func() { f.notices = append(f.notices, n.What) })
		if !f.silent {
			f.t.Logf("%v: %v", time.Now().Format("15:04:05.000"), n)
		}
	}
	tail, err := stream.Follow(f.t.Context(), f.path, f.dst, f.cfg, follow, time.Now)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := stream.Run(ctx, tail, f.dst, stream.DefaultRunConfig())
		done <- err
	}()
	f.stop = func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			f.t.Errorf("ended with %v, want Canceled", err)
		}
		if err := tail.Close(); err != nil {
			f.t.Error(err)
		}
		f.stop = func() {}
	}
}

func (f *follower) restart() { f.stop(); f.start() }

// pass lets time go by.
func pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

func (f *follower) append(path, content string) {
	f.t.Helper()
	w, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = w.WriteString(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *follower) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// moveUp renames PATH.2 to PATH.3 and so on, so that PATH.1 is free.
func (f *follower) moveUp() {
	for n := 30; n > 0; n-- {
		err := os.Rename(fmt.Sprintf("%s.%d", f.path, n), fmt.Sprintf("%s.%d", f.path, n+1))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.t.Fatal(err)
		}
	}
}

// rotate renames the file and creates a new one.
func (f *follower) rotate() {
	f.moveUp()
	f.must(os.Rename(f.path, f.path+".1"))
	write(f.t, f.path, "")
}

// copyTruncate copies the file and empties it.
func (f *follower) copyTruncate() {
	f.moveUp()
	content, err := os.ReadFile(f.path)
	f.must(err)
	write(f.t, f.path+".1", string(content))
	f.must(os.Truncate(f.path, 0))
}

func (f *follower) check(want ...[2]int) {
	f.t.Helper()
	f.dst.mu.Lock()
	defer f.dst.mu.Unlock()
	checkMinutes(f.t, f.dst, want...)
	for _, b := range f.dst.batches {
		for _, r := range b.Refused {
			f.t.Errorf("refused as %s: %.80q", r.Reason, r.Line)
		}
	}
}

func (f *follower) noticed(want ...stream.Happening) {
	f.t.Helper()
	f.dst.mu.Lock()
	defer f.dst.mu.Unlock()
	if fmt.Sprint(f.notices) != fmt.Sprint(want) {
		f.t.Errorf("noticed %v, want %v", f.notices, want)
	}
}

// following runs body in a bubble of virtual time, and ends what it started.
func following(t *testing.T, name string, body func(f *follower)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFollower(t)
			body(f)
			f.stop()
		})
	})
}

func TestFollow(t *testing.T) {
	following(t, "grows", func(f *follower) {
		write(f.t, f.path, text(0, 3))
		f.start()
		for i := 3; i < 200; i++ {
			f.append(f.path, text(i, i+1))
			pass(100 * time.Millisecond)
		}
		pass(2 * time.Second)
		f.check([2]int{0, 200})
		f.stop()
		if len(f.dst.held) != 1 || len(f.dst.batches) > 30 {
			f.t.Errorf("%d partitions, %d batches of about a second", len(f.dst.held), len(f.dst.batches))
		}
		f.noticed(stream.Following)
	})
	following(t, "part batch comes after BatchWait", func(f *follower) {
		f.cfg.BatchWait = 3 * time.Second
		write(f.t, f.path, text(0, 100)) // long enough to be named at once
		f.start()
		pass(2999 * time.Millisecond)
		f.check()
		pass(time.Millisecond)
		f.check([2]int{0, 100})
	})
	following(t, "full batch does not wait", func(f *follower) {
		f.cfg.BatchLines, f.cfg.BatchWait = 10, time.Hour
		write(f.t, f.path, text(0, 109))
		f.start()
		pass(time.Second)
		f.check([2]int{0, 100})
	})
	following(t, "unfinished line waits for its end", func(f *follower) {
		f.start()
		f.append(f.path, line(0)[:20])
		pass(time.Hour)
		f.append(f.path, line(0)[20:])
		pass(time.Hour)
		f.check()
		f.append(f.path, "\n"+line(1))
		pass(5 * time.Second)
		f.check([2]int{0, 1})
		f.restart()
		pass(5 * time.Second)
		f.append(f.path, "\r\n")
		pass(5 * time.Second)
		f.check([2]int{0, 2})
		f.noticed(stream.Missing, stream.Following, stream.Following)
	})
	following(t, "line without end", func(f *follower) {
		f.start()
		f.append(f.path, text(0, 1)+strings.Repeat("x", stream.MaxLineBytes+2))
		pass(5 * time.Second)
		for range 20 {
			f.append(f.path, strings.Repeat("x", 100_000))
			f.restart()
			pass(5 * time.Second)
		}
		f.append(f.path, "x\n"+text(1, 2))
		pass(5 * time.Second)
		f.stop()
		checkMinutes(f.t, f.dst, [2]int{0, 2})
		refused := 0
		for _, b := range f.dst.batches {
			for _, r := range b.Refused {
				if refused++; r.Reason != string(stream.LineTooLong) {
					f.t.Errorf("refused as %s, want %s", r.Reason, stream.LineTooLong)
				}
			}
		}
		if refused != 1 {
			f.t.Errorf("refused %d times, want once", refused)
		}
	})
	following(t, "is not there yet, goes and comes back", func(f *follower) {
		f.start()
		pass(time.Hour)
		write(f.t, f.path, text(0, 5))
		pass(5 * time.Second)
		f.must(os.Rename(f.path, f.path+"-away"))
		pass(time.Hour)
		f.append(f.path+"-away", text(5, 6))
		pass(5 * time.Second)
		f.must(os.Rename(f.path+"-away", f.path))
		f.append(f.path, text(6, 7))
		pass(5 * time.Second)
		f.check([2]int{0, 7})
		f.noticed(stream.Missing, stream.Following, stream.Missing, stream.Following)
	})
	following(t, "is deleted and created", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.append(f.path, text(5, 6))
		f.must(os.Remove(f.path))
		pass(time.Hour)
		write(f.t, f.path, text(6, 9))
		pass(5 * time.Second)
		f.check([2]int{0, 9})
	})
}

func TestFollowRotation(t *testing.T) {
	following(t, "rename and create", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.append(f.path, text(5, 7))
		f.rotate()
		f.append(f.path, text(7, 9))
		pass(5 * time.Second)
		f.append(f.path+".1", text(9, 10)) // its writer turns late
		pass(5 * time.Second)
		f.append(f.path, text(10, 11))
		pass(5 * time.Second)
		f.check([2]int{0, 11})
		f.noticed(stream.Following, stream.Rotated)
	})
	following(t, "last line without end", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.append(f.path, line(5))
		f.rotate()
		pass(59 * time.Second)
		f.check([2]int{0, 5})
		pass(5 * time.Second)
		f.check([2]int{0, 6})
		f.append(f.path+".1", "\n")
		f.append(f.path, text(6, 7))
		f.restart()
		pass(5 * time.Second)
		f.check([2]int{0, 7})
	})
	following(t, "twice between two looks", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.rotate()
		f.append(f.path, text(5, 7))
		f.rotate()
		f.append(f.path, text(7, 9))
		pass(5 * time.Second)
		f.check([2]int{0, 9})
	})
	following(t, "while nobody reads", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.stop()
		f.append(f.path, text(5, 7))
		for n := 7; n < 25; n += 2 {
			f.rotate()
			f.append(f.path, text(n, n+2))
		}
		f.start()
		pass(5 * time.Second)
		f.check([2]int{0, 25})
		f.restart()
		pass(5 * time.Second)
		f.check([2]int{0, 25})
	})
	following(t, "symbolic link is switched", func(f *follower) {
		write(f.t, f.path+".20260214", text(0, 5))
		f.must(os.Symlink(f.path+".20260214", f.path))
		f.start()
		pass(5 * time.Second)
		f.append(f.path+".20260214", text(5, 6))
		write(f.t, f.path+".20260215", text(6, 8))
		f.must(os.Symlink(f.path+".20260215", f.path+"-next"))
		f.must(os.Rename(f.path+"-next", f.path))
		pass(5 * time.Second)
		f.append(f.path, text(8, 9))
		pass(5 * time.Second)
		f.restart()
		pass(5 * time.Second)
		f.check([2]int{0, 9})
	})
	following(t, "older files are none of ours", func(f *follower) {
		write(f.t, f.path+".2", text(100, 105))
		write(f.t, f.path+".1", text(105, 110))
		write(f.t, f.path+".bak", text(110, 115))
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.rotate()
		pass(5 * time.Second)
		f.restart()
		f.append(f.path, text(5, 6))
		pass(5 * time.Second)
		f.check([2]int{0, 6})
	})
	following(t, "into a gzipped file", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.rotate()
		write(f.t, f.path+".1", "\x1f\x8b")
		f.append(f.path, text(5, 6))
		pass(5 * time.Second)
		f.check([2]int{0, 6})
	})
}

func TestFollowTruncation(t *testing.T) {
	following(t, "copied and truncated", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		for n := 5; n < 50; n += 5 {
			f.append(f.path, text(n, n+3)) // not read before it is cut
			f.copyTruncate()
			f.append(f.path, text(n+3, n+5))
			pass(5 * time.Second)
		}
		f.check([2]int{0, 50})
	})
	following(t, "before anything was read", func(f *follower) {
		f.start()
		f.append(f.path, text(0, 5))
		pass(500 * time.Millisecond) // seen, not named
		f.copyTruncate()
		f.append(f.path, text(5, 6))
		pass(5 * time.Second)
		f.check([2]int{0, 6})
	})
	following(t, "grown past where it was", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.copyTruncate()
		f.append(f.path, text(5, 500))
		pass(5 * time.Second)
		f.check([2]int{0, 500})
		f.noticed(stream.Following, stream.Truncated, stream.Following)
	})
	following(t, "between two looks", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.rotate()
		pass(time.Second) // the new one was seen empty
		f.append(f.path, text(5, 70))
		f.copyTruncate()
		f.append(f.path, text(70, 300))
		pass(5 * time.Second)
		f.check([2]int{0, 300})
	})
	following(t, "cut in the middle", func(f *follower) {
		write(f.t, f.path, text(0, 300))
		f.start()
		pass(5 * time.Second)
		f.must(os.Truncate(f.path, int64(len(text(0, 100)))))
		f.append(f.path, text(300, 310))
		pass(5 * time.Second)
		f.check([2]int{0, 300}, [2]int{0, 100}, [2]int{300, 310}) // another file, for all that one can know
		f.noticed(stream.Following, stream.Truncated, stream.Following)
	})
	following(t, "while nobody reads", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.stop()
		f.append(f.path, text(5, 8))
		f.copyTruncate()
		f.append(f.path, text(8, 10))
		f.start()
		pass(5 * time.Second)
		f.check([2]int{0, 10})
	})
	following(t, "the same lines are written again", func(f *follower) {
		write(f.t, f.path, text(0, 300))
		f.start()
		pass(5 * time.Second)
		f.must(os.Truncate(f.path, 0))
		pass(time.Second)
		f.append(f.path, text(0, 200))
		pass(time.Hour)
		f.check([2]int{0, 300})
		f.append(f.path, text(200, 310))
		pass(5 * time.Second)
		f.check([2]int{0, 310})
		f.noticed(stream.Following, stream.Truncated, stream.Following, stream.Repeating)
	})
}

func TestFollowFrom(t *testing.T) {
	following(t, "latest", func(f *follower) {
		f.cfg.From = stream.From{Place: stream.Latest}
		write(f.t, f.path, text(0, 5)+line(5)[:9])
		f.start()
		pass(5 * time.Second)
		f.append(f.path, line(5)[9:]+"\n"+text(6, 7))
		pass(5 * time.Second)
		f.check([2]int{5, 7})
		f.stop()
		if b := f.dst.batches[0]; b.Move == nil || b.Move.Held != 0 || b.From != int64(len(text(0, 5))) {
			f.t.Errorf("first batch from %d carries %+v", b.From, b.Move)
		}
		f.append(f.path, text(7, 8))
		f.start()
		pass(5 * time.Second)
		f.check([2]int{5, 8})
	})
	following(t, "replay", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		f.start()
		pass(5 * time.Second)
		f.stop()
		f.cfg.From = stream.From{Place: stream.AtOffset, Offset: int64(len(text(0, 3))), Replay: true}
		f.start()
		pass(5 * time.Second)
		f.append(f.path, text(5, 6))
		pass(5 * time.Second)
		f.rotate()
		f.append(f.path, text(6, 7))
		pass(5 * time.Second)
		f.check([2]int{0, 5}, [2]int{3, 7})
	})
}

// The store is away when a new file is to be named: nothing is lost, and the
// reading resumes by itself.
func TestFollowWaitsForStore(t *testing.T) {
	following(t, "store away", func(f *follower) {
		write(f.t, f.path, text(0, 5))
		down := true
		set := func(to bool) { f.dst.change(func() { down = to }) }
		f.dst.lookup = func() error {
			if down {
				return errAway
			}
			return nil
		}
		f.start()
		pass(time.Hour)
		set(false)
		pass(20 * time.Second)
		set(true)
		f.rotate()
		f.append(f.path, text(5, 7))
		pass(time.Hour)
		set(false)
		pass(20 * time.Second)
		f.check([2]int{0, 7})
	})
}

func TestFollowFaults(t *testing.T) {
	dir := t.TempDir()
	gz := filepath.Join(dir, "log.gz")
	write(t, gz, "\x1f\x8b and more")
	for name, open := range map[string]func() (*stream.Tail, error){
		"folder": func() (*stream.Tail, error) {
			return stream.Follow(t.Context(), dir, newSink(), stream.DefaultConfig(), stream.DefaultFollowConfig(), time.Now)
		},
		"gzipped": func() (*stream.Tail, error) {
			return stream.Follow(t.Context(), gz, newSink(), stream.DefaultConfig(), stream.DefaultFollowConfig(), time.Now)
		},
		"zero FollowConfig": func() (*stream.Tail, error) {
			return stream.Follow(t.Context(), gz, newSink(), stream.DefaultConfig(), stream.FollowConfig{}, time.Now)
		},
		"zero Config": func() (*stream.Tail, error) {
			return stream.Follow(t.Context(), gz, newSink(), stream.Config{}, stream.DefaultFollowConfig(), time.Now)
		},
	} {
		if tail, err := open(); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("%s: got %v, %v, want ErrInvalid", name, tail, err)
		}
	}
	tail, err := stream.Follow(t.Context(), filepath.Join(dir, "none"), newSink(), stream.DefaultConfig(), stream.DefaultFollowConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := tail.Seek(t.Context(), "file:sha256:00", 1); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("seek in no file: got %v, want ErrInvalid", err)
	}
	for range 2 {
		if err := tail.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := tail.Fetch(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}
