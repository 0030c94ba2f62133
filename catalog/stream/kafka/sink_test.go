package kafka_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"marquee/catalog"
)

// A sink is a store in memory: the offsets of partitions, and how often each
// line was applied. It keeps the contract of stream.Sink and stream.Offsets.
type sink struct {
	mu      sync.Mutex
	held    map[string]int64
	applied map[string]int // each minute's user, "user/minute"
	batches []catalog.Batch
	refused []catalog.Refused
	lists   int
	fail    func(b catalog.Batch) error // asked before a batch is stored
	away    error                       // what Offset returns
	asked   int                         // how often Offset was called
}

func newSink() *sink { return &sink{held: map[string]int64{}, applied: map[string]int{}} }

func (s *sink) Offset(_ context.Context, partition string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.held[partition], s.away
}

func (s *sink) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(b); err != nil {
			return catalog.Applied{Held: s.held[b.Partition]}, err
		}
	}
	want := b.From
	if b.Move != nil {
		want = b.Move.Held
	}
	if held := s.held[b.Partition]; held != want {
		return catalog.Applied{Held: held}, fmt.Errorf("%s: %d to %d, held is %d: %w", b.Partition, b.From, b.To, held, catalog.ErrOffset)
	}
	s.held[b.Partition] = b.To
	for _, m := range b.Minutes {
		s.applied[fmt.Sprintf("%s/%d", m.User, m.Minute)]++
	}
	s.refused = append(s.refused, b.Refused...)
	s.lists += b.Lists
	b.Minutes = nil
	s.batches = append(s.batches, b)
	return catalog.Applied{Held: b.To}, nil
}

// total returns how many minutes were applied, and how many different ones.
func (s *sink) total() (all, distinct int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.applied {
		all += n
	}
	return all, len(s.applied)
}

// checkOnce fails unless the lines from to to, exclusive, were applied once
// each, and nothing else.
func (s *sink) checkOnce(t *testing.T, from, to int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var wrong []string
	for i := from; i < to; i++ {
		if n := s.applied[key(i)]; n != 1 {
			wrong = append(wrong, fmt.Sprintf("line %d %d times", i, n))
		}
	}
	if len(wrong) > 0 {
		t.Errorf("applied %d of %d lines wrongly: %s", len(wrong), to-from, strings.Join(wrong[:min(10, len(wrong))], ", "))
	}
	if len(s.applied) != to-from {
		t.Errorf("%d different lines applied, want %d", len(s.applied), to-from)
	}
}

// line returns the i-th line, and key what the ledger calls it.
func line(i int) string {
	return fmt.Sprintf("2026-02-14T10:%02d:%02d,%d,GET /data/m/heat+1995/%d.mpg", i/60%60, i%60, 1+i/500, i%500)
}

func key(i int) string { return fmt.Sprintf("%d/%d", 1+i/500, i%500) }
