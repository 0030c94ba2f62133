package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// The functions of this file are called by the client's goroutine, those named
// on... never while polled records are put to their partitions.

func (s *Source) onAssigned(_ context.Context, _ *kgo.Client, added map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assigned, s.joined = true, time.Now()
	s.counts.rebalances++
	for _, n := range added[s.cfg.Topic] {
		if s.parts[n] == nil {
			s.parts[n] = &partition{n: n} // begin places it
		}
	}
	if len(added[s.cfg.Topic]) > 0 {
		s.log.Info("kafka partitions are assigned", "topic", s.cfg.Topic, "group", s.cfg.Group, "new", added[s.cfg.Topic], "all", len(s.parts))
	}
	s.rouse()
}

func (s *Source) onRevoked(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range lost[s.cfg.Topic] {
		delete(s.parts, n) // with the rows in its batch: another reader reads them from where the store stands
	}
	if len(lost[s.cfg.Topic]) > 0 && !s.leaving {
		s.log.Info("kafka partitions go to another reader", "topic", s.cfg.Topic, "group", s.cfg.Group, "lost", lost[s.cfg.Topic], "left", len(s.parts))
	}
	s.joined = time.Now()
	s.rouse()
}

// begin says where newly assigned partitions are read from: where the store
// stands. The group's offsets, which come in, only tell the epoch of the leader
// that wrote the record before, so that the client notices a log that was cut.
func (s *Source) begin(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	group := offsets[s.cfg.Topic]
	starts := make(map[int32]*partition, len(group))
	if err := s.recognize(ctx); err != nil {
		return nil, s.unplaced(ctx, err)
	}
	for n, committed := range group {
		p, err := s.ask(ctx, n)
		if err != nil {
			return nil, s.unplaced(ctx, err)
		}
		p.committed = committed.EpochOffset()
		starts[n] = p
	}
	if err := s.choose(ctx, starts); err != nil {
		return nil, s.unplaced(ctx, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, p := range starts {
		p.next, p.epoch, p.placed, p.moved = p.from, -1, true, time.Now()
		// Where "latest" stands now it does not stand after a restart.
		p.chosen = p.held == 0 && p.from > 0 && !p.rewind && s.from.Place != stream.Earliest
		if p.committed.Offset == p.from {
			p.epoch = p.committed.Epoch
		}
		if s.cfg.Once && p.from > p.stop {
			p.fail(errPast)
		}
		p.handed.epoch = p.epoch
		s.parts[n] = p
		group[n] = kgo.NewOffset().At(p.from).WithEpoch(p.epoch)
	}
	s.rouse()
	return offsets, nil
}

// unplaced ends the Source with err unless the group's session just ended.
func (s *Source) unplaced(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		s.end(err)
	}
	return err
}

// ask asks the store for the offset of partition n, as long as it takes.
func (s *Source) ask(ctx context.Context, n int32) (*partition, error) {
	s.mu.Lock()
	p := &partition{n: n, name: partitionName(s.cfg.Topic, n, s.topic.id, s.topic.cluster), stop: s.topic.ends[n], end: s.topic.ends[n]}
	s.mu.Unlock()
	err := s.inquire(ctx, "offset of "+p.name, func() (err error) {
		p.held, err = s.held.Offset(ctx, p.name)
		return err
	})
	p.from = p.held
	return p, err
}

// inquire asks the store by calling question, again while it is away.
func (s *Source) inquire(ctx context.Context, what string, question func() error) error {
	for delay, told := minDelay, false; ; delay = min(2*delay, maxDelay) {
		err := question()
		if err == nil {
			return nil
		}
		if !errors.Is(err, catalog.ErrUnavailable) || ctx.Err() != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if !told {
			s.log.Warn("the store does not say where a kafka partition was left; reading it waits", "asked", what, "err", err)
			told = true
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
	}
}

// choose says where those partitions begin that the store holds nothing of, or
// that are replayed.
func (s *Source) choose(ctx context.Context, parts map[int32]*partition) error {
	var fresh []int32
	s.mu.Lock()
	for n, p := range parts {
		replay := s.from.Replay && !s.replayed[n]
		from, begun := s.begun[n]
		switch {
		case p.held > 0 && !replay:
			delete(s.begun, n)
			continue
		case begun: // it was assigned before, and nothing was stored since
			p.from = from
		default:
			fresh = append(fresh, n)
		}
		p.rewind = replay
	}
	s.mu.Unlock()
	from, err := s.resolve(ctx, fresh)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, at := range from {
		parts[n].from, s.begun[n] = at, at
	}
	for n, p := range parts {
		if p.rewind && p.from == p.held {
			p.rewind, s.replayed[n] = false, true // there is nothing to move
		}
	}
	return nil
}

// resolve returns the offsets at which s.from stands.
func (s *Source) resolve(ctx context.Context, ns []int32) (from map[int32]int64, err error) {
	if len(ns) == 0 {
		return nil, nil
	}
	s.mu.Lock()
	f := s.from
	s.mu.Unlock()
	err = s.retry(ctx, func(ctx context.Context) error {
		begin, err := list(ctx, s.client, s.cfg.Topic, all(ns, atStart), false)
		if err != nil || f.Place == stream.Earliest {
			from = begin
			return err
		}
		end, err := list(ctx, s.client, s.cfg.Topic, all(ns, atEnd), true)
		if err != nil {
			return err
		}
		switch f.Place {
		case stream.AtOffset:
			from = all(ns, f.Offset)
		case stream.Latest:
			from = s.latest(begin)
		case stream.Last:
			from, err = list(ctx, s.client, s.cfg.Topic, all(ns, millis(s.opened.Add(-f.Span))), true)
		default:
			from, err = list(ctx, s.client, s.cfg.Topic, all(ns, millis(f.At)), true)
		}
		if err != nil {
			return err
		}
		for n, at := range from {
			if from[n] = min(max(at, begin[n]), end[n]); at < 0 { // nothing is as late
				from[n] = end[n]
			}
		}
		return nil
	})
	return from, err
}

// latest returns where partitions ended when the Source was opened: what came
// since is new, and so is all of a partition that was added since.
func (s *Source) latest(begin map[int32]int64) map[int32]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := make(map[int32]int64, len(begin))
	for n, at := range begin {
		if end, known := s.topic.ends[n]; known {
			at = end
		}
		from[n] = at
	}
	return from
}

// millis returns t as brokers count it, rounded up; they take times before 1970
// for something else.
func millis(t time.Time) int64 {
	return max(0, t.Add(time.Millisecond-1).UnixMilli())
}
