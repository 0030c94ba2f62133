package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/lib/pq"
)

// A guardedConnector opens connections to PostgreSQL whose calls end when their
// contexts do. The driver asks the server to cancel, and waits for its answer,
// which never comes from a host that has gone silent.
type guardedConnector struct {
	cfg    pq.Config
	within time.Duration // for a call to end after its context
}

// newConnector returns a connector for a URL.
func newConnector(url string, within time.Duration) (*guardedConnector, error) {
	cfg, err := pq.NewConfig(url)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = dialTimeout // of a request to cancel too
	}
	return &guardedConnector{cfg, within}, nil
}

// Driver implements [driver.Connector].
func (c *guardedConnector) Driver() driver.Driver { return &pq.Driver{} }

// Connect implements [driver.Connector].
func (c *guardedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	connector, err := pq.NewConnectorConfig(c.cfg.Clone())
	if err != nil {
		return nil, err
	}
	line := &dialer{within: c.within}
	connector.Dialer(line)
	stop := context.AfterFunc(ctx, line.cut)
	opened, err := connector.Connect(ctx)
	if !stop() && err == nil { // it is cut, or about to be
		return nil, errors.Join(ctx.Err(), opened.Close())
	}
	if err != nil {
		return nil, err
	}
	conn, ok := opened.(postgresConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connection is a %T, which lacks what a store needs", opened), opened.Close())
	}
	line.opened()
	return &guardedConn{postgresConn: conn, guard: guard{line, c.within}}, nil
}

// What the driver can do, and database/sql asks for.
type (
	postgresConn interface {
		driver.Conn
		driver.ConnBeginTx
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.QueryerContext
		driver.Pinger
		driver.SessionResetter
		driver.Validator
		driver.NamedValueChecker
	}
	postgresStmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	postgresRows interface {
		driver.RowsNextResultSet
		ColumnTypeScanType(index int) reflect.Type
		ColumnTypeDatabaseTypeName(index int) string
		ColumnTypeLength(index int) (int64, bool)
		ColumnTypePrecisionScale(index int) (int64, int64, bool)
	}
)

// A guard cuts a connection on which a call outlasts its context.
type guard struct {
	line   *dialer
	within time.Duration
}

// watch cuts the connection if over is not called within g.within of the end of
// ctx.
func (g guard) watch(ctx context.Context) (over func()) {
	ended := ctx.Done()
	if ended == nil {
		return func() {}
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-ended:
		case <-done:
			return
		}
		timer := time.NewTimer(g.within)
		defer timer.Stop()
		select {
		case <-timer.C:
			g.line.cut()
		case <-done:
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		watcher.Wait()
	})
}

// hurry cuts the connection if over is not called within g.within: for what has
// no context, and takes a server that answers no time.
func (g guard) hurry() (over func()) {
	timer := time.AfterFunc(g.within, g.line.cut)
	return func() { timer.Stop() }
}

// rows keeps the watch until they are closed.
func (g guard) rows(rows driver.Rows, err error, over func()) (driver.Rows, error) {
	if err != nil {
		over()
		return nil, err
	}
	known, ok := rows.(postgresRows)
	if !ok {
		defer over()
		return nil, errors.Join(fmt.Errorf("the driver's rows are a %T, which lack what a store needs", rows), rows.Close())
	}
	return guardedRows{known, over}, nil
}

// A guardedConn is a connection whose calls end when their contexts do.
type guardedConn struct {
	postgresConn
	guard
}

// Close implements [driver.Conn].
func (c *guardedConn) Close() error {
	defer c.hurry()()
	return c.postgresConn.Close()
}

// Ping implements [driver.Pinger].
func (c *guardedConn) Ping(ctx context.Context) error {
	defer c.watch(ctx)()
	return c.postgresConn.Ping(ctx)
}

// ExecContext implements [driver.ExecerContext].
func (c *guardedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	defer c.watch(ctx)()
	return c.postgresConn.ExecContext(ctx, query, args)
}

// QueryContext implements [driver.QueryerContext].
func (c *guardedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	over := c.watch(ctx)
	rows, err := c.postgresConn.QueryContext(ctx, query, args)
	return c.rows(rows, err, over)
}

// PrepareContext implements [driver.ConnPrepareContext].
func (c *guardedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	defer c.watch(ctx)()
	prepared, err := c.postgresConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	stmt, ok := prepared.(postgresStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's statement is a %T, which lacks what a store needs", prepared), prepared.Close())
	}
	return guardedStmt{stmt, c.guard}, nil
}

// BeginTx implements [driver.ConnBeginTx]. The watch lasts as long as the
// transaction, whose end has no context of its own.
func (c *guardedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	over := c.watch(ctx)
	tx, err := c.postgresConn.BeginTx(ctx, opts)
	if err != nil {
		over()
		return nil, err
	}
	return guardedTx{tx, c.guard, over}, nil
}

// A guardedTx is a transaction of a guardedConn.
type guardedTx struct {
	driver.Tx
	guard
	over func()
}

// Commit implements [driver.Tx].
func (t guardedTx) Commit() error {
	defer t.over()
	return t.Tx.Commit()
}

// Rollback implements [driver.Tx].
func (t guardedTx) Rollback() error {
	defer t.over()
	defer t.hurry()()
	return t.Tx.Rollback()
}

// A guardedStmt is a prepared statement of a guardedConn.
type guardedStmt struct {
	postgresStmt
	guard
}

// Close implements [driver.Stmt].
func (s guardedStmt) Close() error {
	defer s.hurry()()
	return s.postgresStmt.Close()
}

// ExecContext implements [driver.StmtExecContext].
func (s guardedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	defer s.watch(ctx)()
	return s.postgresStmt.ExecContext(ctx, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (s guardedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	over := s.watch(ctx)
	rows, err := s.postgresStmt.QueryContext(ctx, args)
	return s.rows(rows, err, over)
}

// guardedRows are the answer to a query of a guardedConn.
type guardedRows struct {
	postgresRows
	over func()
}

// Close implements [driver.Rows].
func (r guardedRows) Close() error {
	defer r.over()
	return r.postgresRows.Close()
}
