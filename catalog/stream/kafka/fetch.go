package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
)

// Times of a Fetch that waits.
const (
	tick       = time.Second      // between looks at what else there is to do
	watchEvery = 30 * time.Second // a topic without records is asked for: it may be gone
)

// maxFailures is how often in a row a partition may fail to be read before the
// Source ends: a batch of records that is broken stays so.
const maxFailures = 10

// awayDelay is how long a partition waits whose broker is away.
const awayDelay = time.Second

// Fetch implements [stream.Source]. While brokers are away it waits until ctx
// ends; [Source.Stats] tells of it, and the log once. If ctx ends first, what
// was read is not lost: the next Fetch goes on with it.
func (s *Source) Fetch(ctx context.Context) (catalog.Batch, error) {
	for {
		if err := s.usable(ctx); err != nil {
			return catalog.Batch{}, err
		}
		if !s.ready {
			if err := s.join(ctx); err != nil {
				return catalog.Batch{}, err
			}
		}
		if b, ok := s.next(); ok {
			return b, nil
		}
		if err := s.mend(ctx); err != nil {
			return catalog.Batch{}, err
		}
		if s.cfg.Once && s.over() {
			return catalog.Batch{}, io.EOF
		}
		if err := s.poll(ctx); err != nil {
			return catalog.Batch{}, err
		}
	}
}

// next returns a batch that is full or has waited long enough, if there is one
// in what was polled.
func (s *Source) next() (catalog.Batch, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if p := s.ripe(now, false); p != nil {
		return p.take(), true
	}
	for len(s.pending) > 0 {
		c := &s.pending[0]
		p := c.part
		if s.parts[p.n] != p {
			c.records = nil // it went to another reader
		}
		for i, r := range c.records {
			if p.add(r, s.rows, &s.cfg, s.lines.BatchWait); p.lines >= s.lines.BatchLines {
				c.records = c.records[i+1:]
				return p.take(), true
			}
		}
		p.moved = now
		s.pending = s.pending[1:]
	}
	if p := s.ripe(now, true); p != nil {
		return p.take(), true
	}
	return catalog.Batch{}, false
}

// ripe returns the partition whose batch is to be handed over though it is not
// full, the one that waits longest, or nil. Callers hold mu.
func (s *Source) ripe(now time.Time, drained bool) (found *partition) {
	for _, p := range s.parts {
		if p.ripe(now, s.cfg.Once, drained) && (found == nil || p.due.Before(found.due) || p.due.Equal(found.due) && p.n < found.n) {
			found = p
		}
	}
	return found
}

// poll takes records from the client, or waits for them until something else is
// to be done.
func (s *Source) poll(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	s.mu.Lock()
	s.wake = cancel
	s.mu.Unlock()
	polled := s.client.PollRecords(waiting, s.cfg.PollRecords)
	s.mu.Lock()
	s.wake = nil
	err := s.put(polled)
	s.mu.Unlock()
	s.client.AllowRebalance()
	s.commitDue()
	if err != nil {
		return err
	}
	if len(s.pending) > 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	return s.idle(ctx)
}

// patience returns how long a poll may wait.
func (s *Source) patience() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := time.Now().Add(tick)
	for _, p := range s.parts {
		if p.lines > 0 && p.due.Before(until) {
			until = p.due
		}
		if p.trouble != nil && p.lines == 0 && p.retryAt.Before(until) {
			until = p.retryAt
		}
	}
	return max(time.Until(until), time.Millisecond)
}

// put takes what was polled to the partitions it is of. Callers hold mu, and the
// client holds back what takes partitions away.
func (s *Source) put(polled kgo.Fetches) error {
	for _, f := range polled {
		for i := range f.Topics {
			t := &f.Topics[i]
			for j := range t.Partitions {
				if err := s.putPartition(t, &t.Partitions[j]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *Source) putPartition(t *kgo.FetchTopic, got *kgo.FetchPartition) error {
	p := s.parts[got.Partition]
	if t.Topic != s.cfg.Topic || p == nil || !p.placed {
		return s.grave(got.Err)
	}
	if t.TopicID != ([16]byte{}) && t.TopicID != s.topic.id {
		p.fail(errRemade)
	}
	if p.trouble == nil && len(got.Records) > 0 {
		s.pending = append(s.pending, chunk{p, got.Records})
		p.failures = 0
	}
	if got.LastStableOffset > 0 || got.HighWatermark > 0 {
		p.end = max(got.LastStableOffset, got.HighWatermark)
	}
	var cut *kgo.ErrDataLoss
	switch err := got.Err; {
	case err == nil:
	case errors.As(err, &cut):
		s.drop(p) // it may be from behind the place where the log was cut
		p.fail(err)
	case errors.Is(err, kerr.OffsetOutOfRange):
		p.fail(err)
	case isAbsent(err):
		p.fail(errRemade)
	default:
		return s.failed(p, err)
	}
	return nil
}

// grave returns err if it is none that passes. It is of no partition that is
// read here: of the group, or of brokers.
func (s *Source) grave(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil
	case errors.Is(err, kgo.ErrClientClosed):
		return fmt.Errorf("kafka topic %s: %w", s.cfg.Topic, os.ErrClosed)
	}
	final, told := explain(err)
	if final {
		return told
	}
	s.log.Debug("kafka", "topic", s.cfg.Topic, "group", s.cfg.Group, "err", err)
	return nil
}

// failed counts a failure to read p, and ends the reading when it stays.
func (s *Source) failed(p *partition, err error) error {
	final, told := explain(err)
	if !final && kgo.IsRetryableBrokerErr(err) { // its broker is away, however long: no fault of the partition
		p.fail(err)
		p.retryAt = time.Now().Add(awayDelay)
		return nil
	}
	p.failures++
	if final || p.failures >= maxFailures {
		return fmt.Errorf("%s cannot be read at offset %d (%d attempts); to go on behind it, replay from an offset: %w", p.name, p.next, p.failures, told)
	}
	s.log.Warn("kafka partition cannot be read; trying again", "partition", p.name, "offset", p.next, "attempt", p.failures, "err", err)
	p.fail(err)
	p.retryAt = time.Now().Add(backoff(p.failures))
	return nil
}

// idle does what there is time for when no records come.
func (s *Source) idle(ctx context.Context) error {
	if s.cfg.Once {
		if err := s.probe(ctx); err != nil {
			return err
		}
	}
	if !s.absent.IsZero() || time.Since(s.asked) >= watchEvery {
		return s.watch(ctx)
	}
	return nil
}

// over reports whether a Source that reads once is at its end: every assigned
// partition was read to where it ended, or none came for long.
func (s *Source) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.assigned || len(s.pending) > 0 {
		return false
	}
	for _, p := range s.parts {
		if !p.placed || p.trouble != nil || p.lines > 0 || p.next < p.stop {
			return false
		}
	}
	if len(s.parts) > 0 {
		return true
	}
	if time.Since(s.joined) < s.cfg.AssignWait {
		return false
	}
	s.log.Warn("no kafka partition was assigned here: other members of the group read them all", "topic", s.cfg.Topic, "group", s.cfg.Group, "waited", s.cfg.AssignWait)
	return true
}
