package sqlstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// Limits of a cached vector.
const (
	MaxEmbedderBytes = 1000
	MaxDims          = 65_536
)

// deleteRows is how many vectors are deleted in one transaction, so that other
// writers are not kept waiting for long.
const deleteRows = 2000

// Vectors returns the vectors that are kept under keys, bit for bit as they were
// stored; a key that is not there has no entry.
func (s *Store) Vectors(ctx context.Context, keys []catalog.VectorKey) (map[catalog.VectorKey][]float32, error) {
	raw := make([][]byte, len(keys))
	for i := range keys {
		raw[i] = keys[i][:]
	}
	found := make(map[catalog.VectorKey][]float32, len(keys))
	err := lookup(ctx, s.reader, "SELECT key, elements FROM vectors WHERE key IN (%s)", 1, raw, func(rows *sqlx.Rows) error {
		var key, elements []byte
		if err := rows.Scan(&key, &elements); err != nil {
			return err
		}
		found[catalog.VectorKey(key)] = decodeVector(elements)
		return nil
	})
	if err != nil {
		return nil, s.fault(ctx, "read vectors", err)
	}
	return found, nil
}

// PutVectors stores vectors; what was kept under a key before is replaced.
func (s *Store) PutVectors(ctx context.Context, vectors []catalog.Vector) error {
	const op = "store vectors"
	last := make(map[catalog.VectorKey]int, len(vectors))
	for i, v := range vectors {
		if err := checkText("embedder", v.Embedder, MaxEmbedderBytes); err != nil {
			return fmt.Errorf("%s: row %d: %w", op, i, err)
		}
		if n := len(v.Values); n < 1 || n > MaxDims {
			return fmt.Errorf("%s: row %d has %d dims, want 1 to %d: %w", op, i, n, MaxDims, catalog.ErrInvalid)
		}
		last[v.Key] = i
	}
	if len(vectors) == 0 {
		return nil
	}
	return s.write(ctx, op, func(tx *sqlx.Tx) error {
		const conflict = "ON CONFLICT (key) DO UPDATE SET embedder = excluded.embedder, elements = excluded.elements"
		b := newBulk(tx, "vectors", []string{"key", "embedder", "elements"}, conflict)
		defer b.close()
		for i, v := range vectors {
			if last[v.Key] != i {
				continue
			}
			if err := b.add(ctx, v.Key[:], v.Embedder, encodeVector(v.Values)); err != nil {
				return err
			}
		}
		return b.flush(ctx)
	})
}

// DeleteVectorsExcept deletes the vectors of all embedders but the named ones
// and returns how many there were. It works in several short transactions: if
// it fails half-way, the error says so and the number is what was deleted.
func (s *Store) DeleteVectorsExcept(ctx context.Context, embedders []string) (int, error) {
	keep := ""
	args := make([]any, 0, len(embedders)+1)
	for _, e := range embedders {
		args = append(args, e)
	}
	if len(embedders) > 0 {
		keep = "WHERE embedder NOT IN (" + tuples(len(embedders), 1) + ") "
	}
	args = append(args, deleteRows)
	query := s.writer.Rebind("DELETE FROM vectors WHERE key IN (SELECT key FROM vectors " + keep + "LIMIT ?)")
	total := 0
	for {
		var n int64
		err := s.write(ctx, "delete vectors", func(tx *sqlx.Tx) error {
			result, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			n, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return total, fmt.Errorf("after %d: %w", total, err)
		}
		total += int(n)
		if n < deleteRows {
			return total, nil
		}
	}
}

func encodeVector(values []float32) []byte {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

func decodeVector(raw []byte) []float32 {
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return values
}
