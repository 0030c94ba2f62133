package sqlstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"marquee/catalog"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date, each step in a transaction of its own,
// and refuses tables that are newer than this program.
func (s *Store) migrate(ctx context.Context) error {
	steps, err := fs.Sub(migrations, "migrations/"+s.kind)
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.kind == Postgres {
		dialect = goose.DialectPostgres
		options = append(options, goose.WithSessionLocker(migrationLock{}))
	}
	provider, err := goose.NewProvider(dialect, s.writer.DB, steps, options...)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("make tables: %w", err)
	}
	held, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("version of tables: %w", err)
	}
	sources := provider.ListSources()
	if known := sources[len(sources)-1].Version; held > known {
		return fmt.Errorf("its tables have version %d, this program knows up to %d; run the newer marquee that made them: %w", held, known, catalog.ErrInvalid)
	}
	if len(done) > 0 {
		s.log.InfoContext(ctx, "store brought up to date", "store", s.name, "steps", len(done), "version", held)
	}
	return nil
}
