package minilm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"marquee/embedder"
)

var (
	// ErrMissing reports a model file that is not there.
	ErrMissing = errors.New("model file missing")

	// ErrCorrupt reports a model file whose content is not the pinned one.
	ErrCorrupt = errors.New("model file is not the pinned one")
)

// remedy ends the errors about model files.
const remedy = `run "marquee model download"`

// A Model is all-MiniLM-L6-v2 in memory, some 90 MB. Nothing writes to it after
// Open: any number of goroutines may use it.
type Model struct {
	vocab   *vocabulary
	weights *weights
}

// Open reads the model from dir, which holds model.safetensors and vocab.txt as
// [Download] or [Install] leave them. It checks size and SHA-256 of both while it
// reads them, once, in some 0.3 s. Its errors wrap [ErrMissing] or [ErrCorrupt]
// where they apply.
func Open(dir string) (*Model, error) {
	m := &Model{}
	vocab, weights := vocabFile(), weightsFile()
	err := vocab.load(dir, func(r io.Reader) error {
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		m.vocab, err = parseVocabulary(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = weights.load(dir, func(r io.Reader) error {
		m.weights, err = readWeights(r, weights.Bytes, pinnedShape())
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, m.check()
}

func (m *Model) check() error {
	if m.vocab.size != m.weights.shape.vocab {
		return fmt.Errorf("vocabulary has %d tokens, the weights %d", m.vocab.size, m.weights.shape.vocab)
	}
	return nil
}

// ID implements [embedder.Embedder].
func (m *Model) ID() embedder.ID {
	return embedder.ID{Model: "minilm", Revision: Revision[:12], Dims: m.weights.hidden, Precision: "f32"}
}

// load reads f from dir through read, and checks that it is the pinned file. A
// wrong digest outranks what read found: it explains it.
func (f File) load(dir string, read func(io.Reader) error) error {
	path := filepath.Join(dir, f.Name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: no %s in %s; %s", ErrMissing, f.Name, dir, remedy)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := f.pass(file, read); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// pass hands the content from src to read and checks it against f's size and
// digest.
func (f File) pass(src io.Reader, read func(io.Reader) error) error {
	digest := sha256.New()
	counted := &counter{r: io.TeeReader(io.LimitReader(src, f.Bytes+1), digest)}
	found := read(counted)
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return err
	}
	if counted.n != f.Bytes {
		return fmt.Errorf("%w: it has %s, want %d; %s", ErrCorrupt, tooLong(counted.n, f.Bytes), f.Bytes, remedy)
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%w: sha256 is %s, want %s; %s", ErrCorrupt, got, f.SHA256, remedy)
	}
	return found
}

func tooLong(n, limit int64) string {
	if n > limit {
		return fmt.Sprintf("more than %d bytes", limit)
	}
	return fmt.Sprintf("%d bytes", n)
}

// A counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Verify reads the model's files in dir and compares them with the pinned ones,
// in some 0.1 s. It reports every fault in one error; see [Open].
func Verify(ctx context.Context, dir string) error {
	var errs []error
	for _, f := range Files() {
		errs = append(errs, f.load(dir, func(r io.Reader) error {
			_, err := io.Copy(io.Discard, within{ctx, r})
			return err
		}))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// within reads from r until ctx ends.
type within struct {
	ctx context.Context
	r   io.Reader
}

func (w within) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}
