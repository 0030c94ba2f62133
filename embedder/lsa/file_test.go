package lsa_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/iotest"

	"marquee/embedder/embeddertest"
	"marquee/embedder/lsa"
)

func written(t testing.TB, texts []string) []byte {
	t.Helper()
	return writtenModel(t, mustFit(t, texts, lsa.DefaultConfig()))
}

func writtenModel(t testing.TB, m *lsa.Model) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d bytes of %d: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func TestReadGivesBackTheModel(t *testing.T) {
	for name, texts := range map[string][]string{
		"kit": embeddertest.Texts(), "many": topical(300, 5, 1), "empty": nil, "no words": {"", "?"},
	} {
		cfg := lsa.DefaultConfig()
		cfg.Rank = 24
		m := mustFit(t, texts, cfg)
		file := writtenModel(t, m)
		rest := bytes.NewReader(append(slices.Clone(file), "what follows"...))
		back, err := lsa.Read(iotest.HalfReader(rest))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if back.ID() != m.ID() || back.Config() != m.Config() || back.Texts() != m.Texts() || back.Terms() != m.Terms() {
			t.Errorf("%s: read %s, want %s", name, back.ID(), m.ID())
		}
		probe := append(embeddertest.Texts(), texts...)
		if !slices.Equal(mustEmbed(t, back, probe...), mustEmbed(t, m, probe...)) {
			t.Errorf("%s: the model that was read embeds to other bits", name)
		}
		if after, _ := io.ReadAll(rest); string(after) != "what follows" {
			t.Errorf("%s: Read left %q, want what follows the model", name, after)
		}
	}
}

// Every flipped byte and every cut is refused.
func TestReadRefusesDamage(t *testing.T) {
	file := written(t, embeddertest.Texts()[:3])
	for i := range file {
		damaged := slices.Clone(file)
		damaged[i] ^= 0x41
		if _, err := lsa.Read(bytes.NewReader(damaged)); !errors.Is(err, lsa.ErrFormat) {
			t.Errorf("byte %d of %d flipped: error is %v, want one that wraps ErrFormat", i, len(file), err)
		}
		if _, err := lsa.Read(bytes.NewReader(file[:i])); !errors.Is(err, lsa.ErrFormat) {
			t.Errorf("cut to %d of %d bytes: error is %v, want one that wraps ErrFormat", i, len(file), err)
		}
	}
}

// A digest proves nothing of what was summed up: values that no fit gives are
// refused even under a right one.
func TestReadRefusesBadValues(t *testing.T) {
	m := mustFit(t, []string{"alpha"}, lsa.DefaultConfig())
	file := writtenModel(t, m)
	// At the end: the idf of the one term, its one value, the digest.
	body := file[:len(file)-sha256.Size]
	sealed := func(at int, x float64) []byte {
		b := slices.Clone(body)
		binary.LittleEndian.PutUint32(b[len(b)-at:], math.Float32bits(float32(x)))
		sum := sha256.Sum256(b)
		return append(b, sum[:]...)
	}
	if _, err := lsa.Read(bytes.NewReader(sealed(4, 0.5))); err != nil {
		t.Errorf("another good value: %v", err)
	}
	for name, b := range map[string][]byte{
		"value is NaN": sealed(4, math.NaN()), "value is infinite": sealed(4, math.Inf(-1)),
		"idf is zero": sealed(8, 0), "idf is negative": sealed(8, -1), "idf is NaN": sealed(8, math.NaN()),
	} {
		if _, err := lsa.Read(bytes.NewReader(b)); !errors.Is(err, lsa.ErrFormat) {
			t.Errorf("%s: error is %v, want one that wraps ErrFormat", name, err)
		}
	}
}

func TestReadPassesOnErrors(t *testing.T) {
	file := written(t, embeddertest.Texts()[:3])
	boom := errors.New("disk is on fire")
	for _, at := range []int{0, 5, 60, len(file) / 2, len(file) - 3} {
		_, err := lsa.Read(io.MultiReader(bytes.NewReader(file[:at]), iotest.ErrReader(boom)))
		if !errors.Is(err, boom) || errors.Is(err, lsa.ErrFormat) {
			t.Errorf("reader that fails at %d: error is %v, want the reader's own", at, err)
		}
	}
}

func TestWriteToPassesOnErrors(t *testing.T) {
	m := mustFit(t, embeddertest.Texts(), lsa.DefaultConfig())
	whole := len(written(t, embeddertest.Texts()))
	for room := 0; room < whole; room += 1 + whole/50 {
		w := &limited{room: room}
		n, err := m.WriteTo(w)
		if !errors.Is(err, io.ErrShortWrite) || n != int64(w.took) {
			t.Errorf("room for %d bytes: wrote %d of %d taken, error %v; want io.ErrShortWrite", room, n, w.took, err)
		}
	}
}

// limited has room for some bytes only.
type limited struct{ room, took int }

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.room-l.took)
	l.took += n
	if n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// Whatever the bytes: a model that works, or ErrFormat.
func FuzzRead(f *testing.F) {
	f.Add(written(f, embeddertest.Texts()[:2]))
	f.Add(written(f, nil))
	f.Add([]byte("marquee lsa 1\n\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := lsa.Read(bytes.NewReader(file))
		if err != nil {
			if !errors.Is(err, lsa.ErrFormat) {
				t.Fatalf("error is %v, want one that wraps ErrFormat", err)
			}
			return
		}
		for _, x := range mustEmbed(t, m, embeddertest.Texts()...) {
			if x != x {
				t.Fatal("NaN in a vector")
			}
		}
		var again bytes.Buffer
		if _, err := m.WriteTo(&again); err != nil || !bytes.HasPrefix(file, again.Bytes()) {
			t.Fatalf("written again it differs: %v", err)
		}
	})
}
