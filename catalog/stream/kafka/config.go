package kafka

import (
	"errors"
	"strings"
	"time"

	"marquee/catalog/stream"
)

// Config says which topic is read, from where, and how. Start from
// [DefaultConfig] or [ParseURL].
//
// Memory is bounded by FetchBytes for each broker (twice that while one answer
// is read and another on its way; compressed ones unpack to more, DecompressBytes
// a batch at most), PollRecords records, and stream.Config.BatchLines rows for
// each partition that is assigned here.
type Config struct {
	Connection
	Topic string
	Group string // readers of one group share the topic's partitions

	// From says where partitions begin that the store holds no offset of; with
	// From.Replay, all of them, each once a Source. A topic that is made anew
	// while it is read begins at its first record, whatever From says; so does,
	// but for a replay, one of whose name the store holds offsets under another
	// id, if the store can tell (catalog/sqlstore can).
	From stream.From

	// Once ends the Source with io.EOF when every partition that is assigned
	// here was read to the end that it had when the Source was opened.
	Once bool

	FetchBytes      int           // most bytes of one answer of a broker; a larger record still comes
	PartitionBytes  int           // of them, most of one partition
	DecompressBytes int           // most bytes that one batch of records unpacks to
	PollRecords     int           // most records taken from the client at once
	FetchWait       time.Duration // how long a broker may wait for records before it answers

	Session     time.Duration // without a sign of life after which brokers give a reader's partitions away
	Heartbeat   time.Duration // between signs of life
	Rebalance   time.Duration // that readers have to answer when partitions are shared out anew
	CommitEvery time.Duration // how often the group's offsets, which only show the lag, are committed

	OpenWait   time.Duration // how long Open waits for brokers before it leaves that to Fetch
	TopicWait  time.Duration // how long an unknown topic is waited for before it is an error
	AssignWait time.Duration // how long Once waits for partitions before it ends with none
}

// DefaultConfig returns the group "marquee", the earliest line of what was not
// read yet, and bounds of 8 MiB an answer, 1 MiB of it a partition. Brokers and
// topic are the caller's.
func DefaultConfig() Config {
	return Config{
		Connection:      defaultConnection(),
		Group:           "marquee",
		FetchBytes:      8 << 20,
		PartitionBytes:  1 << 20,
		DecompressBytes: 64 << 20,
		PollRecords:     10_000,
		FetchWait:       time.Second,
		Session:         30 * time.Second,
		Heartbeat:       3 * time.Second,
		Rebalance:       60 * time.Second,
		CommitEvery:     time.Second,
		OpenWait:        10 * time.Second,
		TopicWait:       30 * time.Second,
		AssignWait:      10 * time.Second,
	}
}

// Validate reports every fault of c in one error that wraps
// [catalog.ErrInvalid]. It does not look into the files that c.TLS names.
func (c Config) Validate() error {
	errs := c.faults()
	fault := func(format string, args ...any) { errs = append(errs, invalid(format, args...)) }
	if !isTopic(c.Topic) {
		fault("topic %.80q, want 1 to 249 of letters, digits, '.', '_' and '-'", c.Topic)
	}
	if len(c.Group) < 1 || len(c.Group) > 249 {
		fault("group has %d bytes, want 1 to 249", len(c.Group))
	}
	if err := checkFrom(c.From); err != nil {
		errs = append(errs, err)
	}
	for _, n := range []struct {
		name     string
		got      int
		min, max int
	}{
		{"fetch bytes", c.FetchBytes, 1 << 10, 50 << 20},
		{"partition bytes", c.PartitionBytes, 1 << 10, 50 << 20},
		{"decompress bytes", c.DecompressBytes, 1 << 10, 1 << 30},
		{"poll records", c.PollRecords, 1, 1_000_000},
	} {
		if n.got < n.min || n.got > n.max {
			fault("%s is %d, want %d to %d", n.name, n.got, n.min, n.max)
		}
	}
	for _, d := range []struct {
		name string
		got  time.Duration
		max  time.Duration
	}{
		{"fetch wait", c.FetchWait, 5 * time.Minute},
		{"session timeout", c.Session, time.Hour},
		{"heartbeat", c.Heartbeat, time.Hour},
		{"rebalance timeout", c.Rebalance, time.Hour},
		{"commit interval", c.CommitEvery, time.Hour},
		{"open wait", c.OpenWait, time.Hour},
		{"topic wait", c.TopicWait, 24 * time.Hour},
		{"assign wait", c.AssignWait, time.Hour},
	} {
		if d.got < time.Millisecond || d.got > d.max {
			fault("%s is %v, want 1ms to %v", d.name, d.got, d.max)
		}
	}
	if c.Heartbeat >= c.Session {
		fault("heartbeat is every %v, want less than the session timeout of %v", c.Heartbeat, c.Session)
	}
	return errors.Join(errs...)
}

func checkFrom(f stream.From) error {
	switch f.Place {
	case stream.Earliest, stream.Latest:
	case stream.AtOffset:
		if f.Offset < 0 {
			return invalid("start at offset %d, want 0 or more", f.Offset)
		}
	case stream.AtTime:
		if f.At.IsZero() {
			return invalid("start at a time, but there is none")
		}
	case stream.Last:
		if f.Span <= 0 {
			return invalid("start at the last %v, want more than 0", f.Span)
		}
	default:
		return invalid("start at place %d, which there is not", f.Place)
	}
	return nil
}

// isTopic reports whether brokers take name for a topic.
func isTopic(name string) bool {
	const legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
	return len(name) >= 1 && len(name) <= 249 && name != "." && name != ".." && strings.Trim(name, legal) == ""
}
