package simulate

import (
	"context"
	"testing"

	"marquee/tests/faults/ledger"
	"marquee/tests/faults/txdb"
)

// Memory is a backend on txdb.
type Memory struct {
	*txdb.DB
	Sink func(db *txdb.DB, hook txdb.Hook) txdb.Store // nil: the right one
}

// Open implements [Backend].
func (m *Memory) Open(hook txdb.Hook) txdb.Store {
	if m.Sink == nil {
		return m.DB.Open(hook)
	}
	return m.Sink(m.DB, hook)
}

// RunInMemory plays a plan on a database in memory, through a mutant if it is
// not nil, and returns the outcome with all findings.
func (p Plan) RunInMemory(t *testing.T, source Kind, mutant *txdb.Mutant) Outcome {
	play := Play{Source: source, Topic: "movielog1", FirstUser: 1, Folder: t.TempDir()}
	var sink func(*txdb.DB, txdb.Hook) txdb.Store
	if mutant != nil {
		sink, play.Committed = mutant.Open, mutant.Committed
	}
	play.Backend = func() Backend { return &Memory{DB: txdb.New(), Sink: sink} }
	play.Check = func(ctx context.Context, out *Outcome, backend Backend) {
		found, err := out.Book.Compare(ctx, backend, out.Partitions)
		if err != nil {
			t.Error(err)
		}
		var spans []ledger.Span
		for _, e := range backend.(*Memory).Journal() {
			spans = append(spans, ledger.Span{Part: out.Partitions[e.Partition], From: e.From, To: e.To})
		}
		out.Findings = append(out.Findings, append(found, out.Book.Cover(spans, true)...)...)
	}
	return p.Run(t, play)
}
