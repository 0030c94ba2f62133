package sqlstore_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// isDamaged fails the test unless err blames the store, and nobody who called it.
func isDamaged(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, catalog.ErrDamaged) || errors.Is(err, catalog.ErrInvalid) || errors.Is(err, catalog.ErrUnavailable) {
		t.Errorf("%s: %v, want one that wraps %q alone", what, err, catalog.ErrDamaged)
	}
}

// What the store cannot have written is the store's fault, whatever the call.
func TestDamagedRows(t *testing.T) {
	minute := []catalog.Minute{{User: "7", Movie: "1", At: time.Unix(0, 0)}}
	onBoth(t, func(t *testing.T, dsn string) {
		ctx, s := t.Context(), mustOpen(t, dsn)
		if _, err := s.Forget(ctx, "9"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetScale(ctx, catalog.Scale5); err != nil {
			t.Fatal(err)
		}
		if err := put(ctx, s); err != nil {
			t.Fatal(err)
		}
		for _, damage := range []string{
			"UPDATE settings SET value = 'zz' WHERE name = 'tombstone_salt'",
			"UPDATE settings SET value = 'zz' WHERE name = 'scale'",
			"UPDATE movies SET facts = '[]'",
		} {
			if err := s.Exec(ctx, damage); err != nil {
				t.Fatal(err)
			}
		}
		other := mustOpen(t, dsn) // remembers nothing
		_, err := other.Append(ctx, catalog.Batch{Partition: "p", To: 1, Minutes: minute})
		isDamaged(t, "append", err)
		_, err = other.Tombstones(ctx)
		isDamaged(t, "tombstones", err)
		_, err = other.Scale(ctx)
		isDamaged(t, "scale", err)
		_, err = other.Movie(ctx, "1")
		isDamaged(t, "movie", err)
		for _, err := range other.Movies(ctx) {
			isDamaged(t, "movies", err)
		}
		_, err = other.MovieAt(ctx, "1", 9)
		isDamaged(t, "movie of the past", err)
		if err := s.Exec(ctx, "UPDATE movies SET digest = "+map[string]string{sqlstore.SQLite: "x'01'", sqlstore.Postgres: `'\x01'`}[s.Kind()]); err != nil {
			t.Fatal(err)
		}
		isDamaged(t, "digest", put(ctx, other))
	})
}

// A file that something else wrote into is damaged, all of it or its head alone.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]int64{"head": 0, "pages": 4096} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "facts.db")
			if err := mustOpen(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			rubbish := make([]byte, info.Size()-from)
			for i := range rubbish {
				rubbish[i] = byte(i)*31 + 7
			}
			if _, err := file.WriteAt(rubbish, from); err != nil {
				t.Fatal(err)
			}
			s, err := sqlstore.Open(t.Context(), path, slog.New(slog.DiscardHandler))
			if err == nil {
				_, err = s.Append(t.Context(), catalog.Batch{Partition: "p", To: 1})
				s.Close()
			}
			isDamaged(t, "append", err)
		})
	}
}
