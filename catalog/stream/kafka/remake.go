package kafka

import (
	"context"
	"fmt"
	"time"
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

// remake finds out whether the topic was made anew, and if so begins with the
// new one: another topic id, so other partitions, of which the store holds
// nothing. What was read of the old one was handed over before. A client never
// takes a topic for another with the same name, so a new client is made.
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
	} else {
		s.log.Error("kafka topic was deleted and made anew; the new one is read as a topic of its own", "topic", s.cfg.Topic)
	}
	s.mu.Lock()
	if found.id != old {
		s.counts.remade++
	}
	s.parts = map[int32]*partition{}
	s.mu.Unlock()
	s.pending = nil
	s.leave()
	if err := s.connect(); err != nil {
		return err
	}
	return s.join(ctx)
}
