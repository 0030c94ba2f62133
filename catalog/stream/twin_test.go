package stream_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"marquee/catalog"
	"marquee/catalog/stream"
)

const header = "# movielog\n"

// A file that was seen with nothing but its header is not taken for another with
// the same, whichever grows first.
func TestFilesWithOneHeader(t *testing.T) {
	dir, dst := t.TempDir(), newSink()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	write(t, one, header)
	ingest(t, one, dst)
	write(t, two, header+text(0, 50))
	ingest(t, two, dst)
	write(t, one, header+text(50, 131))
	ingest(t, one, dst)
	write(t, two, header+text(0, 50)+text(131, 140))
	ingest(t, two, dst)
	if err := os.Rename(one, one+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, one+".1", header+text(50, 131)+text(140, 150))
	ingest(t, one+".1", dst)
	checkMinutes(t, dst, [2]int{0, 150})
}

// However many files begin alike, grow in whatever order and are renamed: every
// line is stored, each file's once.
func TestFilesThatBeginAlike(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		common := header + strings.Repeat("# of this and that\n", rapid.SampledFrom([]int{0, 1, 10, 300}).Draw(rt, "common"))
		files := rapid.IntRange(2, 5).Draw(rt, "files")
		dst, content := newSink(), make([]string, files)
		next := 0
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			i := rapid.IntRange(0, files-1).Draw(rt, "file")
			if content[i] == "" {
				content[i] = common
			} else {
				n := rapid.SampledFrom([]int{0, 1, 2, 40, 200}).Draw(rt, "lines")
				content[i] += text(next, next+n)
				next += n
			}
			path := filepath.Join(dir, fmt.Sprint("log-", rapid.IntRange(0, 1).Draw(rt, "name")))
			if err := os.WriteFile(path, []byte(content[i]), 0o600); err != nil {
				rt.Fatal(err)
			}
			if _, err := once(path, dst, stream.DefaultConfig()); err != nil {
				rt.Fatal(err)
			}
		}
		count := make([]int, next)
		for _, m := range dst.minutes() {
			count[m]++
		}
		for m, n := range count {
			if n != 1 {
				rt.Fatalf("line %d of %d is stored %d times, want once", m, next, n)
			}
		}
	})
}

// An edit just before the place where the reading ended is noticed: the file is
// read anew, and from then on known as it is.
func TestFileEditedBeforeTheEnd(t *testing.T) {
	dst := newSink()
	path := filepath.Join(t.TempDir(), "log")
	all := text(0, 9000)
	write(t, path, all)
	ingest(t, path, dst)
	edited := strings.Replace(all, "/8990.mpg", "/9990.mpg", 1)
	for _, want := range []int64{9000, 0} {
		write(t, path, edited)
		if sum := ingest(t, path, dst); sum.Lines != want {
			t.Errorf("%d lines read, want %d", sum.Lines, want)
		}
	}
	write(t, path, edited+text(9000, 9002))
	if sum := ingest(t, path, dst); sum.Lines != 2 {
		t.Errorf("%d lines read of what was added, want 2", sum.Lines)
	}
	write(t, path, all+text(9003, 9006)) // the first comes back, and went on
	if sum := ingest(t, path, dst); sum.Lines != 3 {
		t.Errorf("%d lines read of the first, want 3", sum.Lines)
	}
}

// More files begin alike than there are names: all are read still.
func TestFileOfManyTwins(t *testing.T) {
	dst := newSink()
	path := filepath.Join(t.TempDir(), "log")
	common := strings.Repeat(header, 400) // one line's length of which 4 KiB are known by
	for range 2 {
		for i := range 30 {
			write(t, path, common+text(i, i+1))
			ingest(t, path, dst)
		}
	}
	checkMinutes(t, dst, [2]int{0, 30})
}

// A store from before tails were kept goes on where it was.
func TestFileWithoutTail(t *testing.T) {
	dst := newSink()
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, text(0, 100))
	ingest(t, path, dst)
	clear(dst.tails)
	write(t, path, text(0, 200))
	ingest(t, path, dst)
	checkMinutes(t, dst, [2]int{0, 200})
	for name := range dst.held {
		if len(dst.tails[name]) != 32 {
			t.Errorf("%s has a tail of %d bytes, want 32", name, len(dst.tails[name]))
		}
	}
}

// A counter counts what is asked of a sink.
type counter struct {
	*sink
	singles, all, names int
}

func (c *counter) Offset(ctx context.Context, partition string) (int64, error) {
	c.singles++
	return c.sink.Offset(ctx, partition)
}

func (c *counter) Offsets(ctx context.Context, partitions []string) (map[string]catalog.Held, error) {
	c.all++
	c.names += len(partitions)
	return c.sink.Offsets(ctx, partitions)
}

// A file is looked for with one question, however many names it may have.
func TestFileIsLookedUpAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, strings.Repeat("x\n", 600_000))
	held := &counter{sink: newSink()}
	src, err := stream.OpenFile(t.Context(), path, held, stream.DefaultConfig(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	src.Close()
	if held.singles != 0 || held.all != 1 || held.names < 100 || held.names > 200 {
		t.Errorf("asked %d times for one name, %d times for many, %d names in all; want 0, 1 and 100 to 200", held.singles, held.all, held.names)
	}
}

func TestFollowFilesWithOneHeader(t *testing.T) {
	following(t, "header alone, then the followed one grows", func(f *follower) {
		write(f.t, f.path, header)
		f.start()
		pass(5 * time.Second) // named by the header
		f.append(f.path, text(0, 500))
		pass(5 * time.Second)
		f.rotate()
		f.append(f.path, header)
		pass(5 * time.Second)
		f.append(f.path, text(500, 520))
		pass(5 * time.Second)
		f.stop()
		f.append(f.path, text(520, 1200)) // more than the first had
		f.append(f.path+".1", text(1200, 1201))
		f.start()
		pass(5 * time.Second)
		f.stop()
		checkMinutes(f.t, f.dst, [2]int{0, 520}, [2]int{1200, 1201}, [2]int{520, 1200})
	})
	following(t, "another file takes its place while nobody reads", func(f *follower) {
		write(f.t, f.path, header)
		f.start()
		pass(5 * time.Second)
		f.append(f.path, text(0, 500))
		pass(5 * time.Second)
		f.stop()
		f.must(os.Rename(f.path, f.path+".1"))
		write(f.t, f.path, header+text(500, 1200))
		f.start()
		pass(5 * time.Second)
		f.stop()
		checkMinutes(f.t, f.dst, [2]int{0, 1200})
	})
}
