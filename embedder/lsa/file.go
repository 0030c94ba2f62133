package lsa

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"unicode/utf8"
)

// ErrFormat reports bytes that are no model, or a damaged one.
var ErrFormat = errors.New("not a readable lsa model")

const (
	magic       = "marquee lsa 1\n\x00\x00"
	digestBytes = sha256.Size

	maxConfigBytes = 4 << 10
	chunkBytes     = 256 << 10 // read and converted at once, so that a header that lies cannot ask for much memory
)

// WriteTo writes the model, so that [Read] gives it back to the bit. All numbers
// are little-endian: the 16 bytes of magic; the lengths of the configuration in
// bytes (u32), texts fitted (u64), terms (u32), their bytes together (u32),
// dimensions (u32); the configuration as JSON; the length of each term (u8); the
// terms; the idf of each (f32); the projection, [terms x dims] (f32); and the
// SHA-256 of all before it.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	out := &counting{w: w}
	if err := m.write(out); err != nil {
		return out.n, err
	}
	_, err := out.Write(m.digest[:])
	return out.n, err
}

// revision returns the part of the digest that goes into the ID.
func (m *Model) revision() string { return hex.EncodeToString(m.digest[:])[:12] }

// seal computes the digest; nothing changes afterwards.
func (m *Model) seal() error {
	h := sha256.New()
	if err := m.write(h); err != nil {
		return err
	}
	h.Sum(m.digest[:0])
	return nil
}

// write writes all but the digest.
func (m *Model) write(w io.Writer) error {
	cfg, err := json.Marshal(m.cfg)
	if err != nil {
		return err
	}
	var lengths, terms []byte
	for _, term := range m.vocabulary.terms {
		lengths = append(lengths, byte(len(term)))
		terms = append(terms, term...)
	}
	head := []byte(magic)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(cfg)))
	head = binary.LittleEndian.AppendUint64(head, uint64(m.texts))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(lengths)))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(terms)))
	head = binary.LittleEndian.AppendUint32(head, uint32(m.dims))
	for _, part := range [][]byte{head, cfg, lengths, terms} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	if err := writeFloats(w, m.vocabulary.idf); err != nil {
		return err
	}
	return writeFloats(w, m.projection)
}

// Read reads what [Model.WriteTo] wrote, and not a byte more. Bytes that are no
// whole, undamaged model are an error that wraps [ErrFormat]; memory grows with
// what r really holds, never with what a header claims.
func Read(r io.Reader) (*Model, error) {
	in := &source{r: r, sum: sha256.New()}
	m, err := in.model()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("ends too soon: %w", ErrFormat)
	}
	if err != nil {
		return nil, fmt.Errorf("read lsa model: %w", err)
	}
	return m, nil
}

// A source reads the parts of a model and sums them up.
type source struct {
	r   io.Reader
	sum hash.Hash
}

func (s *source) model() (*Model, error) {
	head, err := s.bytes(len(magic) + 24)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(head, []byte(magic)) {
		return nil, fmt.Errorf("begins with %.16q, want %q: %w", head, magic, ErrFormat)
	}
	head = head[len(magic):]
	configBytes, texts := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint64(head[4:])
	terms, termBytes := binary.LittleEndian.Uint32(head[12:]), binary.LittleEndian.Uint32(head[16:])
	dims := binary.LittleEndian.Uint32(head[20:])
	if configBytes > maxConfigBytes || texts > math.MaxInt64 || terms > maxTerms || termBytes > terms*maxTermBytes || dims < 1 || dims > maxRank {
		return nil, fmt.Errorf("header has %d bytes of configuration, %d texts, %d terms of %d bytes and %d dimensions: %w",
			configBytes, texts, terms, termBytes, dims, ErrFormat)
	}
	m := &Model{texts: int(texts), dims: int(dims)}
	if err := s.config(m, int(configBytes)); err != nil {
		return nil, err
	}
	if err := s.vocabulary(m, int(terms), int(termBytes)); err != nil {
		return nil, err
	}
	if m.projection, err = s.floats(int(terms) * int(dims)); err != nil {
		return nil, fmt.Errorf("projection: %w", err)
	}
	return m, s.digest(m)
}

func (s *source) config(m *Model, size int) error {
	text, err := s.bytes(size)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m.cfg); err != nil {
		return fmt.Errorf("configuration %.100q: %w: %w", text, err, ErrFormat)
	}
	if again, err := json.Marshal(m.cfg); err != nil || !bytes.Equal(again, text) {
		return fmt.Errorf("configuration is %.300q, want it as it was written, %q: %w", text, again, ErrFormat)
	}
	if err := m.cfg.Validate(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrFormat)
	}
	return nil
}

func (s *source) vocabulary(m *Model, count, size int) error {
	lengths, err := s.bytes(count)
	if err != nil {
		return err
	}
	all, err := s.bytes(size)
	if err != nil {
		return err
	}
	terms := make([]string, count)
	for i, n := range lengths {
		if n == 0 || int(n) > maxTermBytes || int(n) > len(all) {
			return fmt.Errorf("term %d has %d bytes, want 1 to %d of the %d that are left: %w", i, n, maxTermBytes, len(all), ErrFormat)
		}
		terms[i], all = string(all[:n]), all[n:]
		if !utf8.ValidString(terms[i]) || i > 0 && terms[i] <= terms[i-1] {
			return fmt.Errorf("term %d is %q, want valid UTF-8 in ascending order: %w", i, terms[i], ErrFormat)
		}
	}
	if len(all) > 0 {
		return fmt.Errorf("%d bytes of terms are left over: %w", len(all), ErrFormat)
	}
	idf, err := s.floats(count)
	if err != nil {
		return fmt.Errorf("idf: %w", err)
	}
	for i, x := range idf {
		if !(x > 0) {
			return fmt.Errorf("idf of %q is %v, want above 0: %w", terms[i], x, ErrFormat)
		}
	}
	m.vocabulary = newVocabulary(terms, idf)
	return nil
}

// digest compares the sum of what was read with the digest that follows.
func (s *source) digest(m *Model) error {
	s.sum.Sum(m.digest[:0])
	var told [digestBytes]byte
	if _, err := io.ReadFull(s.r, told[:]); err != nil {
		return err
	}
	if told != m.digest {
		return fmt.Errorf("digest is %x, that of the content is %x: %w", told, m.digest, ErrFormat)
	}
	return nil
}

// bytes reads n bytes.
func (s *source) bytes(n int) ([]byte, error) {
	out := make([]byte, 0, min(n, chunkBytes))
	for len(out) < n {
		from := len(out)
		out = append(out, make([]byte, min(n-from, chunkBytes))...)
		if _, err := io.ReadFull(s.r, out[from:]); err != nil {
			return nil, err
		}
	}
	s.sum.Write(out)
	return out, nil
}

// floats reads n finite numbers.
func (s *source) floats(n int) ([]float32, error) {
	out := make([]float32, 0, min(n, chunkBytes/4))
	buf := make([]byte, min(4*n, chunkBytes))
	for len(out) < n {
		part := buf[:min(4*(n-len(out)), chunkBytes)]
		if _, err := io.ReadFull(s.r, part); err != nil {
			return nil, err
		}
		s.sum.Write(part)
		for at := 0; at < len(part); at += 4 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(part[at:]))
			if x-x != 0 {
				return nil, fmt.Errorf("value %d is %v, want a finite number: %w", len(out), x, ErrFormat)
			}
			out = append(out, x)
		}
	}
	return out, nil
}

func writeFloats(w io.Writer, values []float32) error {
	buf := make([]byte, 0, min(4*len(values), chunkBytes))
	for len(values) > 0 {
		part := values[:min(len(values), chunkBytes/4)]
		values, buf = values[len(part):], buf[:0]
		for _, x := range part {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(x))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// A counting counts the bytes that it passes on.
type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
