package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// doubt is how long to wait before an end of the log below what the store holds
// is believed: a new leader may not know yet how far the log goes.
const doubt = 500 * time.Millisecond

// mend places every partition anew that needs it and whose time has come.
func (s *Source) mend(ctx context.Context) error {
	for {
		p := s.troubled()
		if p == nil {
			return nil
		}
		if err := s.place(ctx, p); err != nil {
			return err
		}
	}
}

// troubled returns a partition that must be placed anew now, or nil.
func (s *Source) troubled() *partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	var found *partition
	for _, p := range s.parts {
		if p.placed && p.trouble != nil && p.lines == 0 && !p.retryAt.After(now) && (found == nil || p.n < found.n) {
			found = p
		}
	}
	return found
}

// place finds out where p goes on, and points the client there.
func (s *Source) place(ctx context.Context, p *partition) error {
	var cut *kgo.ErrDataLoss
	switch {
	case errors.Is(p.trouble, errRemade):
		return s.remake(ctx)
	case errors.Is(p.trouble, kerr.OffsetOutOfRange), errors.Is(p.trouble, errPast):
		if err := s.search(ctx, p); err != nil {
			return err
		}
	case errors.As(p.trouble, &cut):
		s.cut(p, cut.ResetTo, true)
	}
	s.point(p)
	return nil
}

// search moves p, which stands outside of the log, to where it can be read on.
func (s *Source) search(ctx context.Context, p *partition) error {
	begin, end, err := s.bounds(ctx, p)
	if err == nil && p.from > end { // look twice before believing it
		if err := sleep(ctx, doubt); err != nil {
			return err
		}
		begin, end, err = s.bounds(ctx, p)
	}
	switch {
	case err != nil:
		return err
	case p.from < begin:
		s.gone(p, begin)
	case p.from <= end: // it is there again
		return s.again(ctx, p)
	case p.epoch >= 0:
		to, err := s.fork(ctx, p)
		if err != nil {
			return err
		}
		if to >= 0 && to <= end {
			s.cut(p, max(to, begin), true)
			return nil
		}
		s.cut(p, begin, false)
	case p.committed.Epoch >= 0 && p.committed.Offset >= 0:
		p.epoch = p.committed.Epoch // at or before from: what leaders up to it wrote and is still there was read
		return s.search(ctx, p)
	default:
		s.cut(p, begin, false)
	}
	return nil
}

// again waits a little before p is read where it stands, and gives up when that
// does not help.
func (s *Source) again(ctx context.Context, p *partition) error {
	if p.failures++; p.failures >= maxFailures {
		return fmt.Errorf("%s: the broker refused offset %d %d times, though it has it: %w; restart it, or replay from another offset", p.name, p.from, p.failures, p.trouble)
	}
	return sleep(ctx, backoff(p.failures))
}

// backoff returns the delay before the n-th attempt, n at least 1.
func backoff(n int) time.Duration { return min(minDelay<<min(n-1, 10), maxDelay) }

func (s *Source) bounds(ctx context.Context, p *partition) (begin, end int64, err error) {
	err = s.retry(ctx, func(ctx context.Context) error {
		begins, err := list(ctx, s.client, s.cfg.Topic, map[int32]int64{p.n: atStart}, false)
		if err != nil {
			return err
		}
		ends, err := list(ctx, s.client, s.cfg.Topic, map[int32]int64{p.n: atEnd}, false)
		begin, end = begins[p.n], ends[p.n]
		return err
	})
	return begin, end, err
}

// fork returns where the log ends that the leaders wrote up to the one whose
// record was read last; -1 when nobody knows.
func (s *Source) fork(ctx context.Context, p *partition) (to int64, err error) {
	err = s.retry(ctx, func(ctx context.Context) (err error) {
		to, err = epochEnd(ctx, s.client, s.cfg.Topic, p.n, p.epoch)
		return err
	})
	return to, err
}

// gone goes on at begin, where the log begins now: what was before was deleted
// unread.
func (s *Source) gone(p *partition, begin int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.rewind && p.held > 0 {
		s.counts.lost += begin - p.from
		s.log.Error("kafka records were deleted before they were read; reading goes on at the first that is left. Keep records longer (retention.ms), or read faster",
			"partition", p.name, "lost", begin-p.from, "from", p.from, "to", begin)
	}
	p.from = begin
}

// cut goes on at to: the log ends before what was read of it. If known, nothing
// before to differs from what was read.
func (s *Source) cut(p *partition, to int64, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.cut += max(0, p.from-to)
	if known {
		s.log.Error("kafka brokers lost records that were read; reading goes on where their log was cut, and nothing unread is missing. Look for an unclean leader election",
			"partition", p.name, "read_to", p.from, "cut_at", to)
	} else {
		s.log.Error("kafka brokers lost records that were read, and nobody knows where the log was cut; all that is there is read again, which stores nothing twice. To go on elsewhere instead, replay from a time or an offset. Look for an unclean leader election, or a topic that was made anew",
			"partition", p.name, "read_to", p.from, "again_from", to)
	}
	p.from, p.epoch = to, -1
}

// point makes the client read p from p.from on. Of p, nothing is pending.
func (s *Source) point(p *partition) {
	s.mu.Lock()
	at := kgo.EpochOffset{Epoch: -1, Offset: p.from}
	if p.from == p.next {
		at.Epoch = p.epoch
	}
	p.next, p.epoch = p.from, at.Epoch
	s.mu.Unlock()
	s.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{s.cfg.Topic: {p.n: at}})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client.CommittedOffsets()[s.cfg.Topic][p.n] == at { // SetOffsets leaves out what is not quite assigned yet, or no longer
		p.trouble, p.tries, p.moved = nil, 0, time.Now()
		return
	}
	p.tries++
	p.retryAt = time.Now().Add(backoff(p.tries))
}
