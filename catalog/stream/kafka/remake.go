package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"marquee/catalog/stream"
)

// watch asks whether the topic is still the one that is read: a topic that is
// gone sends no records and no error.
func (s *Source) watch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.RequestTimeout)
	defer cancel()
	found, err := askTopic(ctx, s.client, s.cfg.Topic, false)
	s.asked = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && found.id == s.topic.id:
		s.absent = time.Time{}
	case err == nil:
		s.remade()
	case !isAbsent(err):
		return s.grave(err)
	case s.absent.IsZero():
		s.absent = time.Now()
		s.log.Warn("kafka topic is unknown to the brokers; waiting for it", "topic", s.cfg.Topic, "for", s.cfg.TopicWait)
	case time.Since(s.absent) >= s.cfg.TopicWait:
		return fmt.Errorf("topic %s: kafka: %w for %v; was it deleted?", s.cfg.Topic, err, s.cfg.TopicWait)
	}
	return nil
}

// remade marks all partitions as those of another topic. Callers hold mu.
func (s *Source) remade() {
	for _, p := range s.parts {
		p.fail(errRemade)
	}
}

// meet notes which topic the brokers have under the name. One that was made anew
// while it is read is new from its first record on, wherever reading the one
// before began: "latest" is where that one ended, an offset or a time was meant
// for it, and so was a replay. Of the one that is read already, the ends stay
// what they were when the Source was opened. Callers hold mu.
func (s *Source) meet(found topic) {
	switch {
	case s.topic.leaders == nil: // the first
	case found.id == s.topic.id:
		found.ends = s.topic.ends
	default:
		s.counts.remade++
		s.from, s.begun = stream.From{Place: stream.Earliest}, map[int32]int64{}
		s.log.Error("kafka topic was deleted and made anew; the new one is read as a topic of its own, from its first record", "topic", s.cfg.Topic)
	}
	s.topic = found
}

// A register tells the names of partitions that a store holds an offset of:
// those that begin with prefix, limit at most. It is asked if the
// [stream.Offsets] of a [Source] is one; catalog/sqlstore is.
type register interface {
	Partitions(ctx context.Context, prefix string, limit int) ([]string, error)
}

// maxNames bounds the names that a register is asked for: more partitions than
// a topic has in practice, made anew a few times.
const maxNames = 10_000

// recognize finds out, once, whether the topic was made anew before the Source
// was opened: the store holds offsets of the same topic name under another id.
// Then it begins at its first record, as if it had been read at the time. A topic
// of the same name in another cluster looks the same, which costs reading more,
// not less. A replay begins where it was asked to.
func (s *Source) recognize(ctx context.Context) error {
	book, able := s.held.(register)
	s.mu.Lock()
	known := s.recognized || s.from.Place == stream.Earliest || s.from.Replay
	prefix, suffix := partitionAffixes(s.cfg.Topic, s.topic.id, s.topic.cluster)
	s.mu.Unlock()
	if !able || known {
		return nil
	}
	var names []string
	err := s.inquire(ctx, "partitions of topic "+s.cfg.Topic, func() (err error) {
		names, err = book.Partitions(ctx, prefix, maxNames)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recognized = true
	if slices.ContainsFunc(names, func(name string) bool { return !strings.HasSuffix(name, suffix) }) {
		s.from = stream.From{Place: stream.Earliest}
		s.log.Warn("the store knows a kafka topic of this name with another id: it was made anew, or is of another cluster; its partitions that are new are read from their first record. To begin elsewhere instead, replay from there", "topic", s.cfg.Topic)
	}
	return nil
}

// remake joins the group anew, be it that the topic was made anew or that the
// brokers did not know it for a while. One made anew has another id, so other
// partitions, of which the store holds nothing. What was read of the old one was
// handed over before. A client never takes a topic for another with the same
// name, so a new client is made.
func (s *Source) remake(ctx context.Context) error {
	s.mu.Lock()
	old := s.topic.id
	waiting := false
	for _, p := range s.parts {
		waiting = waiting || p.lines > 0
	}
	s.remade()
	s.mu.Unlock()
	if waiting {
		return nil
	}
	var found topic
	err := s.retry(ctx, func(ctx context.Context) (err error) {
		found, err = askTopic(ctx, s.client, s.cfg.Topic, false)
		return err
	})
	if err != nil {
		return err
	}
	if found.id == old {
		s.log.Warn("kafka brokers did not know the topic for a while; reading begins anew where the store stands", "topic", s.cfg.Topic)
	}
	s.mu.Lock()
	s.parts = map[int32]*partition{}
	s.mu.Unlock()
	s.pending = nil
	s.leave()
	if err := s.connect(); err != nil {
		return err
	}
	return s.join(ctx)
}
