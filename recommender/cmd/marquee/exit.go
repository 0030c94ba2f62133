package main

import (
	"context"
	"errors"

	"marquee/catalog"
	"marquee/catalog/durable"
	"marquee/catalog/table"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// The exit statuses. The README and the description of the program have them too.
const (
	exitDone        = 0
	exitFailed      = 1   // the work failed
	exitUsage       = 2   // the command line was wrong
	exitNotFound    = 3   // what was named is not there
	exitRefused     = 4   // a gate, a check or somebody else's move refused the work
	exitUnavailable = 5   // a store, an API, a broker or a server cannot be reached: trying again may help
	exitInterrupted = 130 // by a signal
)

// errRefused reports a file or a row that a check would not let through.
var errRefused = errors.New("refused")

// statuses turns errors into exit statuses; the first match wins.
var statuses = []struct {
	err    error
	status int
}{
	{errUsage, exitUsage},
	{pipeline.ErrGate, exitRefused},
	{errRefused, exitRefused},
	{indexer.ErrRecall, exitRefused},
	{bundle.ErrMoved, exitRefused},
	{bundle.ErrBroken, exitRefused},
	{table.ErrRow, exitRefused},
	{durable.ErrLocked, exitRefused},
	{catalog.ErrUnavailable, exitUnavailable},
	{catalog.ErrNotFound, exitNotFound},
}

// exitStatus returns the status of a program that ends with err.
func exitStatus(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return exitInterrupted
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return exitFailed
}
