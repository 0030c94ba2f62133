package kafka_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// Members join and leave while records flow: each line is applied once.
func TestRebalance(t *testing.T) {
	t.Parallel()
	const partitions, total = 6, 6000
	c := cluster(t, partitions, kfake.NumBrokers(3))
	cl := client(t, c)
	dst := newSink()
	dst.fail = func(catalog.Batch) error { // a store takes its time
		time.Sleep(time.Millisecond)
		return nil
	}
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		for i := 0; i < total; i += 60 {
			produce(t, cl, partitions, i, i+60)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	random := rand.New(rand.NewPCG(1, 2))
	type member struct {
		stop  func() error
		close func() error
	}
	join := func() member {
		s := open(t, config(c), dst)
		return member{background(t, s, dst), s.Close}
	}
	leave := func(m member) {
		if err := m.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("a member ended with %v", err)
		}
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}
	members := []member{join()}
	for range 10 {
		if len(members) < 3 && (len(members) == 1 || random.IntN(2) == 0) {
			members = append(members, join())
		} else {
			i := random.IntN(len(members))
			leave(members[i])
			members = append(members[:i], members[i+1:]...)
		}
		time.Sleep(time.Duration(random.IntN(80)) * time.Millisecond)
	}
	<-produced
	eventually(t, "all lines are applied", func() bool { _, n := dst.total(); return n >= total })
	for _, m := range members {
		leave(m)
	}
	dst.checkOnce(t, 0, total)
}

// A partition that goes to another member takes none of this one's rows along,
// and a batch that comes too late is refused by the store, not applied twice.
func TestTwoMembersFightOverABatch(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	produce(t, client(t, c), 2, 0, 200)
	dst := newSink()
	cfg := config(c)
	cfg.Session = 300 * time.Millisecond
	a := open(t, cfg, dst)
	late, err := a.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, cfg, dst)
	background(t, b, dst)
	eventually(t, "the other member has a partition", func() bool { return len(b.Stats().Partitions) > 0 })
	a.Close() // and its batch is still on the way
	eventually(t, "the other member has applied all", func() bool { n, _ := dst.total(); return n >= 200 })
	if _, err := dst.Append(t.Context(), late); !errors.Is(err, catalog.ErrOffset) {
		t.Errorf("the late batch: %v, want ErrOffset", err)
	}
	dst.checkOnce(t, 0, 200)
}

// What was polled of a partition is not handed over once another member has it.
func TestPolledRecordsOfALostPartitionAreDropped(t *testing.T) {
	c := cluster(t, 2, kfake.NumBrokers(1)) // whose answers hold records of both partitions
	produce(t, client(t, c), 2, 0, 2000)
	a := open(t, config(c), newSink())
	if _, err := a.Fetch(t.Context()); err != nil { // and all else is polled
		t.Fatal(err)
	}
	b := open(t, config(c), newSink())
	eventually(t, "the other member has a partition, this one no longer", func() bool {
		return len(a.Stats().Partitions) == 1 && len(b.Stats().Partitions) == 1
	})
	ours := a.Stats().Partitions[0].Name
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for {
		got, err := a.Fetch(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		if err != nil || got.Partition != ours {
			t.Fatalf("a batch of %s, which another member has, or %v", got.Partition, err)
		}
	}
}

// Seek to a partition that another member has does nothing.
func TestSeek(t *testing.T) {
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 100)
	s := open(t, config(c), newSink())
	if err := s.Seek(t.Context(), "kafka:movielog1/7@other", 5); err != nil {
		t.Errorf("other partition: %v, want nothing", err)
	}
	if err := s.Seek(t.Context(), name(c, 0), -1); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("offset -1: %v, want ErrInvalid", err)
	}
	if _, err := s.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{0, 0, 70, 10, 99, 60, 0} {
		if err := s.Seek(t.Context(), name(c, 0), at); err != nil {
			t.Fatal(err)
		}
		b, err := s.Fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.From != at || b.Move != nil || b.Minutes[0].Minute != int(at) {
			t.Errorf("after a seek to %d: batch from %d, moved %v, first minute %d", at, b.From, b.Move, b.Minutes[0].Minute)
		}
	}
}

// The group's offsets follow what was applied; that they cannot be committed
// stops nothing.
func TestCommits(t *testing.T) {
	c := cluster(t, 2)
	cl := client(t, c)
	produce(t, cl, 2, 0, 300)
	dst := newSink()
	cfg := config(c)
	runOnce(t, cfg, dst)
	for n := range int32(2) {
		if got := c.GroupInfo(cfg.Group).Commits[movielog][n].Offset; got != 150 {
			t.Errorf("partition %d: committed %d, want 150", n, got)
		}
	}
	c.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, topic := range req.(*kmsg.OffsetCommitRequest).Topics {
			got := kmsg.OffsetCommitResponseTopic{Topic: topic.Topic, TopicID: topic.TopicID}
			for _, p := range topic.Partitions {
				got.Partitions = append(got.Partitions, kmsg.OffsetCommitResponseTopicPartition{Partition: p.Partition, ErrorCode: kerr.GroupAuthorizationFailed.Code})
			}
			resp.Topics = append(resp.Topics, got)
		}
		return resp, nil, true
	})
	produce(t, cl, 2, 300, 600)
	cfg.Once = true
	s := open(t, cfg, dst)
	if _, err := stream.Run(t.Context(), s, dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	dst.checkOnce(t, 0, 600)
	if s.Stats().CommitFailures == 0 {
		t.Error("no commit failed, want some")
	}
	if got := c.GroupInfo(cfg.Group).Commits[movielog][0].Offset; got != 150 {
		t.Errorf("committed %d, want still 150", got)
	}
}

// The store's word counts, whatever the group has committed.
func TestTheStoreDecidesNotTheGroup(t *testing.T) {
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 100)
	runOnce(t, config(c), newSink())
	dst := newSink() // a new store: all is read again
	if sum := runOnce(t, config(c), dst); sum.Lines != 100 {
		t.Errorf("%d lines, want 100", sum.Lines)
	}
	dst.checkOnce(t, 0, 100)
}

// A member that gets no partition ends, when it reads once.
func TestOnceWithoutPartitions(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 10)
	dst := newSink()
	s := open(t, config(c), dst)
	background(t, s, dst)
	eventually(t, "the first member reads", func() bool { n, _ := dst.total(); return n == 10 })
	if sum := runOnce(t, config(c), dst); sum.Lines != 0 {
		t.Errorf("%d lines, want none", sum.Lines)
	}
	dst.checkOnce(t, 0, 10)
}

func TestOnceOfAnEmptyTopic(t *testing.T) {
	if sum := runOnce(t, config(cluster(t, 3)), newSink()); sum.Lines != 0 {
		t.Errorf("%d lines, want none", sum.Lines)
	}
}

// While the store does not say where a partition was left, reading waits.
func TestStoreAwayWhenPartitionsAreAssigned(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 10)
	dst := newSink()
	dst.away = catalog.ErrUnavailable
	s := open(t, config(c), dst)
	background(t, s, dst)
	eventually(t, "the store was asked twice", func() bool { dst.mu.Lock(); defer dst.mu.Unlock(); return dst.asked >= 2 })
	dst.mu.Lock()
	dst.away = nil
	dst.mu.Unlock()
	eventually(t, "all is applied", func() bool { n, _ := dst.total(); return n == 10 })

	broken := errors.New("no such table")
	dst.away = broken
	s = open(t, config(cluster(t, 1)), dst)
	if _, err := s.Fetch(t.Context()); !errors.Is(err, broken) {
		t.Errorf("a store that is broken: %v, want its error", err)
	}
}

// A store that is away for a while stops the reading, and nothing is lost.
func TestStoreAwayWhileReading(t *testing.T) {
	c := cluster(t, 2)
	produce(t, client(t, c), 2, 0, 500)
	dst := newSink()
	left := 5
	dst.fail = func(catalog.Batch) error {
		if left--; left > 0 && left < 4 {
			return catalog.ErrUnavailable
		}
		return nil
	}
	cfg := config(c)
	cfg.Once = true
	s := open(t, cfg, dst)
	if _, err := stream.Run(t.Context(), s, dst, stream.RunConfig{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	dst.checkOnce(t, 0, 500)
}

func TestFetchEndsWithItsContext(t *testing.T) {
	c := cluster(t, 1)
	s := open(t, config(c), newSink())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := s.Fetch(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	produce(t, client(t, c), 1, 0, 10)
	b, err := s.Fetch(t.Context())
	if err != nil || len(b.Minutes) == 0 {
		t.Errorf("the next fetch: %d minutes, %v", len(b.Minutes), err)
	}
	s.Close()
	if _, err := s.Fetch(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("closed: got %v, want an error", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestAcknowledgeOfWhatCanNeverBe(t *testing.T) {
	s := open(t, config(cluster(t, 1)), newSink())
	if err := s.Acknowledge(t.Context(), catalog.Batch{}, catalog.Applied{}, catalog.ErrInvalid); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("got %v, want what was told", err)
	}
}
