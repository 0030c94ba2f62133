package kafka

import (
	"errors"
	"time"
)

// WriterConfig says where a [Writer] writes. Start from [DefaultWriterConfig].
type WriterConfig struct {
	Connection
	Exposures string // the topic of served lists; "" takes none
	Changes   string // the topic of changes; "" takes none

	Timeout       time.Duration // of one write, retries included; at least a second
	BufferRecords int           // most records that wait for the brokers, of all writes together
	BufferBytes   int           // most bytes of them
}

// DefaultWriterConfig returns 10 s a write and a buffer of 10,000 records in 32
// MiB. Brokers and topics are the caller's.
func DefaultWriterConfig() WriterConfig {
	return WriterConfig{
		Connection:    defaultConnection(),
		Timeout:       10 * time.Second,
		BufferRecords: 10_000,
		BufferBytes:   32 << 20,
	}
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid].
func (c WriterConfig) Validate() error {
	errs := c.faults()
	fault := func(format string, args ...any) { errs = append(errs, invalid(format, args...)) }
	if c.Exposures == "" && c.Changes == "" {
		fault("no topic for exposures and none for changes, want one at least")
	}
	for _, t := range []struct{ what, topic string }{{"exposures", c.Exposures}, {"changes", c.Changes}} {
		if t.topic != "" && !isTopic(t.topic) {
			fault("topic of %s is %.80q, want 1 to 249 of letters, digits, '.', '_' and '-'", t.what, t.topic)
		}
	}
	if c.Timeout < time.Second || c.Timeout > 15*time.Minute {
		fault("timeout of a write is %v, want 1s to 15m", c.Timeout)
	}
	if c.BufferRecords < 1 || c.BufferRecords > 10_000_000 {
		fault("buffer of %d records, want 1 to 10000000", c.BufferRecords)
	}
	if c.BufferBytes < 1<<20 || c.BufferBytes > 1<<30 {
		fault("buffer of %d bytes, want 1048576 to 1073741824", c.BufferBytes)
	}
	return errors.Join(errs...)
}
