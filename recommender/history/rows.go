package history

import "sync/atomic"

// Rows is room beside a remembered history for the rows that its movies have in a
// catalog, so that nobody who asks for the person again looks for them. It has those of
// one state of a catalog: 40 bytes and 4 for each movie. The zero value has none, and any
// number of goroutines may use it.
type Rows struct{ kept atomic.Pointer[keptRows] }

type keptRows struct {
	state uint64
	rows  []uint32
}

// In returns what was kept last, if that was of the state of this number. It must not be
// changed. A nil Rows has nothing.
func (r *Rows) In(state uint64) ([]uint32, bool) {
	if r == nil {
		return nil, false
	}
	if k := r.kept.Load(); k != nil && k.state == state {
		return k.rows, true
	}
	return nil, false
}

// Keep keeps rows in place of those of another state. A nil Rows keeps nothing.
func (r *Rows) Keep(state uint64, rows []uint32) {
	if r != nil {
		r.kept.Store(&keptRows{state, rows})
	}
}
