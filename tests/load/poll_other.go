//go:build !linux

package load

import "context"

// ask asks with a goroutine for each connection.
func ask(ctx context.Context, c Config, n int64) (Result, error) { return byClients(ctx, c, n), nil }
