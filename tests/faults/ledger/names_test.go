package ledger_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"marquee/catalog/stream"
	"marquee/tests/faults/ledger"
)

// nothing holds no offsets.
type nothing struct{}

func (nothing) Offset(context.Context, string) (int64, error) { return 0, nil }

// A file is known by one of the names that are written down here, however long
// it is when it is first seen.
func TestFileNames(t *testing.T) {
	content := ledger.Texts(ledger.New(1, ledger.DefaultConfig()).Lines(2000))
	path := filepath.Join(t.TempDir(), "events.log")
	names := ledger.FileNames(content)
	for _, n := range []int{100, 4 << 10, 10_000, len(content)} {
		if err := os.WriteFile(path, content[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		src, err := stream.OpenFile(t.Context(), path, nothing{}, stream.DefaultConfig(), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(names, src.Partition()) {
			t.Errorf("the first %d bytes are known as %s, which is none of %d names", n, src.Partition(), len(names))
		}
		src.Close()
	}
}
