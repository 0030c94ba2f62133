package durable

import "errors"

// ErrLocked reports a lock that another process holds, or this one already.
var ErrLocked = errors.New("locked")
