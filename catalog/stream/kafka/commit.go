package kafka

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commits carries offsets to the group: one request at a time, each with the
// latest offsets only, so that neither memory nor requests grow.
type commits struct {
	due     map[int32]kgo.EpochOffset // acknowledged, not committed; guarded by Source.mu
	last    time.Time                 // when the last began
	running sync.WaitGroup
	busy    bool // guarded by Source.mu
}

// note makes offset the one to be committed next. Callers hold mu.
func (c *commits) note(n int32, offset kgo.EpochOffset) {
	if c.due == nil {
		c.due = map[int32]kgo.EpochOffset{}
	}
	c.due[n] = offset
}

// takeCommits returns what is to be committed of the partitions that are assigned.
// Callers hold mu.
func (s *Source) takeCommits() map[string]map[int32]kgo.EpochOffset {
	maps.DeleteFunc(s.commits.due, func(n int32, _ kgo.EpochOffset) bool { return s.parts[n] == nil })
	if len(s.commits.due) == 0 {
		return nil
	}
	offsets := map[string]map[int32]kgo.EpochOffset{s.cfg.Topic: s.commits.due}
	s.commits.due = nil
	return offsets
}

// commitDue begins a commit when it is time and none is on its way.
func (s *Source) commitDue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.commits.busy || time.Since(s.commits.last) < s.cfg.CommitEvery {
		return
	}
	offsets := s.takeCommits()
	if offsets == nil {
		return
	}
	s.commits.busy, s.commits.last = true, time.Now()
	client := s.client
	s.commits.running.Go(func() {
		ctx, cancel := context.WithTimeout(client.Context(), leaveWait)
		defer cancel()
		s.commit(ctx, client, offsets)
		s.mu.Lock()
		s.commits.busy = false
		s.mu.Unlock()
	})
}

// finish waits for a commit that is on its way and makes the last one.
func (c *commits) finish(ctx context.Context, s *Source) {
	c.running.Wait()
	s.mu.Lock()
	offsets := s.takeCommits()
	s.mu.Unlock()
	if offsets != nil {
		s.commit(ctx, s.client, offsets)
	}
}

// commit tells the group how far its partitions were read. A failure loses
// nothing: where reading begins is the store's to say.
func (s *Source) commit(ctx context.Context, client *kgo.Client, offsets map[string]map[int32]kgo.EpochOffset) {
	var failed error
	client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		failed = err
		if err != nil || resp == nil {
			return
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed = err
				}
			}
		}
	})
	if failed == nil {
		return
	}
	s.mu.Lock()
	s.counts.commitFailures++
	first := s.counts.commitFailures == 1
	s.mu.Unlock()
	level := s.log.Debug
	if first {
		level = s.log.Warn
	}
	level("kafka group's offsets were not committed; only the lag that others see is wrong", "group", s.cfg.Group, "err", failed)
}
