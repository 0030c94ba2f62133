package simulate

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"

	"marquee/catalog"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/txdb"
)

// A SQLStore is what a real store must do: catalog/sqlstore does.
type SQLStore interface {
	ledger.Store
	txdb.Store
}

// SQL is a backend on a real store, which is open already and may hold the
// events of other simulations, but serves only one at a time.
type SQL struct {
	SQLStore
	Seed uint64
}

// Open implements [Backend].
func (s *SQL) Open(hook txdb.Hook) txdb.Store {
	return &view{store: s.SQLStore, hook: hook, rng: rand.New(rand.NewPCG(s.Seed, 0x73716c))}
}

// A view is a real store as one life of a process sees it. The steps within a
// transaction cannot be reached from outside; instead the call is cut short at
// a random moment of it, whatever had become of it by then.
type view struct {
	store SQLStore
	hook  txdb.Hook
	rng   *rand.Rand
}

// Append implements catalog/stream.Sink.
func (v *view) Append(ctx context.Context, b catalog.Batch) (catalog.Applied, error) {
	if err := v.hook(ctx, txdb.Begin); err != nil {
		return catalog.Applied{}, err
	}
	for _, step := range []txdb.Step{txdb.Locked, txdb.Wrote, txdb.Commit} {
		if doom := v.hook(ctx, step); doom != nil {
			v.cutShort(ctx, b)
			return catalog.Applied{}, doom
		}
	}
	done, err := v.store.Append(ctx, b)
	if err != nil {
		return done, err
	}
	if err := v.hook(ctx, txdb.Answer); err != nil {
		return catalog.Applied{}, err
	}
	return done, nil
}

// cutShort appends b, and cancels that at a random moment.
func (v *view) cutShort(ctx context.Context, b catalog.Batch) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	spins := v.rng.IntN(1 << v.rng.IntN(12))
	var cutting sync.WaitGroup
	cutting.Go(func() {
		for range spins {
			runtime.Gosched()
		}
		cancel()
	})
	_, err := v.store.Append(ctx, b)
	cutting.Wait()
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, catalog.ErrOffset) && !errors.Is(err, catalog.ErrUnavailable) {
		panic("simulate: a cut call ended with " + err.Error())
	}
}

// Offset implements catalog/stream.Offsets.
func (v *view) Offset(ctx context.Context, partition string) (int64, error) {
	if err := v.hook(ctx, txdb.ReadHeld); err != nil {
		return 0, err
	}
	return v.store.Offset(ctx, partition)
}
