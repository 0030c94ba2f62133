//go:build !linux

package load

import "context"

// ask asks with a goroutine for each connection.
func ask(ctx context.Context, c Config, n int64) Result { return byClients(ctx, c, n) }
