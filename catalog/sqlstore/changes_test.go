package sqlstore_test

import (
	"testing"
	"time"

	"github.com/lib/pq"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// PostgreSQL tells listeners of changes once they can be read, and of nothing
// that was not stored.
func TestChangesAreTold(t *testing.T) {
	dsn := dsns[sqlstore.Postgres](t)
	s := mustOpen(t, dsn)
	listener := pq.NewListener(dsn, time.Second, time.Minute, nil)
	defer listener.Close()
	if err := listener.Listen(sqlstore.ChangesChannel); err != nil {
		t.Fatal(err)
	}
	told := func(want int64, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-listener.Notify:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told of a change")
		}
		if last, err := s.LastChange(t.Context()); err != nil || last != want {
			t.Errorf("told of change %d, %v; want %d", last, err, want)
		}
	}
	told(1, func() error { return put(t.Context(), s) })
	if err := put(t.Context(), s); err != nil { // the same movie: no change
		t.Fatal(err)
	}
	told(2, func() error {
		_, err := s.PutChange(t.Context(), catalog.Change{Kind: catalog.ChangeHide, Subject: "1"})
		return err
	})
	select {
	case n := <-listener.Notify:
		t.Errorf("told once more: %+v", n)
	default:
	}
}
