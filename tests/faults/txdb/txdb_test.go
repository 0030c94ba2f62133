package txdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/tests/faults/txdb"
)

func batch(from, to int64) catalog.Batch {
	return catalog.Batch{Partition: "p", From: from, To: to, Lists: int(to - from)}
}

// stop fails at one step.
func stop(at txdb.Step, err error) txdb.Hook {
	return func(_ context.Context, step txdb.Step) error {
		if step == at {
			return err
		}
		return nil
	}
}

func lines(t *testing.T, db *txdb.DB) (n int64) {
	t.Helper()
	rows, err := db.Intake(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		n += r.Lines
	}
	return n
}

// A batch that fails at any step is stored whole or not at all: whole only when
// its commit was through.
func TestWholeOrNot(t *testing.T) {
	for _, step := range txdb.Steps() {
		db := txdb.New()
		_, err := db.Open(stop(step, txdb.ErrDown)).Append(t.Context(), batch(0, 7))
		if !errors.Is(err, catalog.ErrUnavailable) {
			t.Errorf("at %q: %v, want what the hook said", step, err)
		}
		want := int64(0)
		if step == txdb.Answer {
			want = 7
		}
		held, err := db.Offset(t.Context(), "p")
		if n := lines(t, db); err != nil || held != want || n != want {
			t.Errorf("at %q: offset %d, %d lines, want %d of both (%v)", step, held, n, want, err)
		}
		// The lock was given back, and the batch can come again.
		_, err = db.Open(stop("", nil)).Append(t.Context(), batch(want, 9))
		if n := lines(t, db); err != nil || n != 9 {
			t.Errorf("at %q, then on: %d lines, want 9 (%v)", step, n, err)
		}
	}
}

func TestCompareAndSet(t *testing.T) {
	db := txdb.New()
	sink := db.Open(stop("", nil))
	for _, c := range []struct {
		b    catalog.Batch
		held int64
		err  error
	}{
		{batch(3, 5), 0, catalog.ErrOffset},
		{batch(0, 5), 5, nil},
		{batch(0, 5), 5, catalog.ErrOffset},
		{batch(5, 8), 8, nil},
		{catalog.Batch{Partition: "p", From: 1, To: 2, Move: &catalog.Move{Held: 7}}, 8, catalog.ErrOffset},
		{catalog.Batch{Partition: "p", From: 1, To: 2, Move: &catalog.Move{Held: 8}}, 2, nil},
		{catalog.Batch{Partition: "q", To: 4, Digest: []byte("a")}, 4, nil},
		{catalog.Batch{Partition: "q", To: 4, Digest: []byte("a")}, 4, catalog.ErrOffset},
		{catalog.Batch{Partition: "q", To: 4, Digest: []byte("b")}, 4, catalog.ErrConflict},
	} {
		done, err := sink.Append(t.Context(), c.b)
		if done.Held != c.held || !errors.Is(err, c.err) {
			t.Errorf("%s %d to %d: held %d, %v, want %d, %v", c.b.Partition, c.b.From, c.b.To, done.Held, err, c.held, c.err)
		}
	}
}

// Each mutant does what the contract wants as long as nothing goes wrong: what
// catches it is a fault, and nothing less.
func TestMutantsWorkInFairWeather(t *testing.T) {
	for _, m := range txdb.Mutants() {
		db := txdb.New()
		store := m.Open(db, stop("", nil))
		for _, b := range []catalog.Batch{batch(0, 3), batch(3, 8)} {
			if _, err := store.Append(t.Context(), b); err != nil {
				t.Errorf("%s: %v", m.Name, err)
			}
		}
		if held, err := store.Offset(t.Context(), "p"); err != nil || held != 8 || lines(t, db) < 8 {
			t.Errorf("%s: offset %d, %d lines, want 8 (%v)", m.Name, held, lines(t, db), err)
		}
	}
}
