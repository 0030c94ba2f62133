package kafka

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// A partition is what is known of one that is assigned to this reader. The
// Source's mu guards it.
//
// Offsets grow from left to right: the store holds held, the next batch begins
// at from (which is held, or where a Move puts it), and ends before next.
type partition struct {
	n          int32
	name       string // as the store knows it
	placed     bool   // begin has said where it starts
	held       int64  // what the store holds when the next batch comes
	from, next int64
	epoch      int32 // of the leader that wrote the record before next; -1 unknown
	stop       int64 // the end when the Source was opened
	end        int64 // the end that was last seen

	batch catalog.Batch
	lines int       // of batch
	due   time.Time // when batch is handed over though not full
	room  int       // minutes of the last full batch

	chosen bool // from is a start in the middle, which the store is to know before a line comes
	rewind bool // from is a replay that no batch has brought to the store yet
	handed handed

	committed kgo.EpochOffset // the group's when the partition was assigned

	trouble  error     // why it must be placed anew; no record is taken until then
	tries    int       // to place it, in a row
	retryAt  time.Time // the next of them
	failures int       // of reading it, in a row
	moved    time.Time // when next was last seen to move
}

// handed is what is remembered of the batch that was handed over last.
type handed struct {
	from, to int64
	epoch    int32
	rewind   bool
}

// Reasons to place a partition anew, beside those of the client.
var (
	errMoved  = errors.New("the store asked for another offset")
	errRemade = errors.New("the topic was deleted or made anew")
	errPast   = errors.New("the store holds an offset behind the end of the log")
)

// partitionName returns the name under which the store keeps the offset of
// partition n. A topic that was deleted and made anew has another id. Brokers
// older than Kafka 2.8 give topics no id: the cluster's stands in for it, and a
// topic made anew there passes for the old one.
func partitionName(topic string, n int32, id [16]byte, cluster string) string {
	prefix, suffix := partitionAffixes(topic, id, cluster)
	return prefix + strconv.Itoa(int(n)) + suffix
}

// partitionAffixes returns what stands before and behind the number of a
// partition in its name.
func partitionAffixes(topic string, id [16]byte, cluster string) (prefix, suffix string) {
	return "kafka:" + topic + "/", "@" + identity(id, cluster)
}

// identity tells a topic from others of its name.
func identity(id [16]byte, cluster string) string {
	if id == ([16]byte{}) {
		return "cluster:" + cluster
	}
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// add takes one record into the batch. Records before next are old ones that
// were on their way; of a partition that ends at stop, those behind it are
// another run's.
func (p *partition) add(r *kgo.Record, rows *stream.Rows, cfg *Config, wait time.Duration) {
	if r.Offset < p.next {
		return
	}
	if cfg.Once && r.Offset >= p.stop {
		p.next = max(p.next, p.stop)
		return
	}
	p.next, p.epoch = r.Offset+1, r.LeaderEpoch
	if r.Attrs.IsControl() {
		return
	}
	if p.lines == 0 {
		p.batch = catalog.Batch{Partition: p.name, From: p.from, Minutes: make([]catalog.Minute, 0, p.room)}
		p.due = time.Now().Add(wait)
	}
	rows.Add(&p.batch, trimEnd(r.Value), r.Offset)
	p.lines++
}

// trimEnd returns a record's value without the line end it may have.
func trimEnd(value []byte) []byte {
	value = bytes.TrimSuffix(value, []byte("\n"))
	return bytes.TrimSuffix(value, []byte("\r"))
}

// take hands over the batch.
func (p *partition) take() catalog.Batch {
	b := p.batch
	if p.lines == 0 { // the start alone
		b = catalog.Batch{Partition: p.name, From: p.from}
	}
	b.To = p.next
	if p.held != p.from {
		b.Move = &catalog.Move{Held: p.held}
	}
	p.room = len(b.Minutes)
	p.handed = handed{from: p.from, to: b.To, epoch: p.epoch, rewind: p.rewind}
	p.batch, p.lines, p.rewind, p.chosen = catalog.Batch{}, 0, false, false
	p.held, p.from = b.To, b.To
	return b
}

// ripe reports whether the batch is to be handed over though it is not full.
func (p *partition) ripe(now time.Time, once, drained bool) bool {
	if p.lines == 0 {
		return p.chosen && p.placed && p.trouble == nil
	}
	return !p.due.After(now) || drained && (p.trouble != nil || once && p.next >= p.stop)
}

// seek makes the next batch begin at offset, which the store holds. A replay
// that the store has not taken yet still begins where it should.
func (p *partition) seek(offset int64) (replayed bool) {
	replayed = p.handed.rewind && offset == p.handed.to
	p.rewind = p.rewind || p.handed.rewind && !replayed
	if p.handed.rewind && !replayed {
		p.from = p.handed.from
	} else if !p.rewind {
		p.from = offset
	}
	p.held, p.next, p.epoch = offset, p.from, -1
	p.batch, p.lines, p.handed, p.chosen = catalog.Batch{}, 0, handed{}, false
	p.fail(errMoved)
	return replayed
}

// fail says why p must be placed anew. The first reason stands, but for that
// of the store, which knows where.
func (p *partition) fail(why error) {
	if p.trouble == nil || errors.Is(why, errMoved) {
		p.trouble, p.tries, p.retryAt = why, 0, time.Time{}
	}
}

// position returns the offset up to which lines were handed over.
func (p *partition) position() int64 {
	if p.lines == 0 {
		return p.next
	}
	return p.from
}
