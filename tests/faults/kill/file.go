package kill

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"marquee/tests/faults/ledger"
)

// A log is a file that grows and is rotated.
type log struct {
	path    string
	lines   *ledger.Generator
	rng     *rand.Rand
	book    *ledger.Book
	file    *os.File
	content []byte // of the file, as far as it was written
	number  int
	turned  time.Time
	names   map[string]string
	rotated []string // paths
}

// turn is how long a file grows before it is rotated.
const turn = 1500 * time.Millisecond

func newLog(seed uint64, folder string, cfg ledger.Config) (*log, error) {
	l := &log{
		path: filepath.Join(folder, "events.log"), lines: ledger.New(seed, cfg),
		rng: rand.New(rand.NewPCG(seed, 2)), book: new(ledger.Book), names: make(map[string]string),
	}
	return l, l.open()
}

func (l *log) open() error {
	var err error
	l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	l.content, l.turned = nil, time.Now()
	return err
}

// write appends some lines, at times in two pieces with the cut within a line,
// and rotates the file when it is time.
func (l *log) write() error {
	var text []byte
	for range 1 + l.rng.IntN(80) {
		line := l.lines.Next()
		if len(l.content)+len(text) == 0 {
			line = l.lines.Unique()
		}
		at := int64(len(l.content) + len(text))
		text = append(text, line.Text...)
		text = append(text, '\n')
		l.book.Put(l.part(), at, int64(len(l.content)+len(text)), line)
	}
	cut := len(text)
	if l.rng.IntN(3) == 0 {
		cut = l.rng.IntN(len(text))
	}
	l.content = append(l.content, text...)
	for _, piece := range [][]byte{text[:cut], text[cut:]} {
		if _, err := l.file.Write(piece); err != nil {
			return err
		}
		time.Sleep(pace / 4)
	}
	if time.Since(l.turned) < turn {
		return nil
	}
	return l.rotate()
}

func (l *log) part() string { return fmt.Sprintf("file/%d", l.number) }

// rotate gives the file a dated name and begins a new one.
func (l *log) rotate() error {
	if err := l.end(); err != nil {
		return err
	}
	to := fmt.Sprintf("%s.%08d", l.path, l.number)
	if err := os.Rename(l.path, to); err != nil {
		return err
	}
	l.rotated = append(l.rotated, to)
	l.number++
	return l.open()
}

// end closes the file and notes by which names it may be known.
func (l *log) end() error {
	for _, name := range ledger.FileNames(l.content) {
		l.names[name] = l.part()
	}
	return l.file.Close()
}
