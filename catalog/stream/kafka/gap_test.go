package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog/stream"
)

// Records that were deleted unread are told, and passed by a Move.
func TestRetentionBeforeOpen(t *testing.T) {
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 100)
	dst := newSink()
	dst.held[name(c, 0)] = 20
	if err := c.DeleteRecords(movielog, 0, 50); err != nil {
		t.Fatal(err)
	}
	cfg := config(c)
	cfg.Once = true
	s := open(t, cfg, dst)
	if _, err := stream.Run(t.Context(), s, dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	dst.checkOnce(t, 50, 100)
	if b := dst.batches[0]; b.From != 50 || b.Move == nil || b.Move.Held != 20 {
		t.Errorf("first batch is from %d, moved %v; want 50, moved from 20", b.From, b.Move)
	}
	if st := s.Stats(); st.Lost != 30 || st.Cut != 0 {
		t.Errorf("lost %d, cut %d, want 30 and 0", st.Lost, st.Cut)
	}
}

// The store holds nothing: records deleted before are not lost, they were
// never wanted.
func TestRetentionBeforeTheFirstRun(t *testing.T) {
	c := cluster(t, 1)
	produce(t, client(t, c), 1, 0, 100)
	if err := c.DeleteRecords(movielog, 0, 50); err != nil {
		t.Fatal(err)
	}
	dst := newSink()
	cfg := config(c)
	cfg.Once = true
	s := open(t, cfg, dst)
	if _, err := stream.Run(t.Context(), s, dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	dst.checkOnce(t, 50, 100)
	if lost := s.Stats().Lost; lost != 0 {
		t.Errorf("lost %d, want 0", lost)
	}
}

// Records are deleted while a slow reader has read some of them: what it has in
// hand is applied, the gap passed.
func TestRetentionWhileReading(t *testing.T) {
	c := cluster(t, 1)
	cl := client(t, c, kgo.ProducerLinger(0))
	for i := range 300 { // each a batch of its own
		produce(t, cl, 1, i, i+1)
	}
	dst := newSink()
	cfg := config(c)
	cfg.PartitionBytes, cfg.FetchBytes, cfg.PollRecords = 1024, 1024, 7
	cfg.Once = true
	s := open(t, cfg, dst)
	b, err := s.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.DeleteRecords(movielog, 0, 250); err != nil {
		t.Fatal(err)
	}
	done, err := dst.Append(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Acknowledge(t.Context(), b, done, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Run(t.Context(), s, dst, stream.RunConfig{}); err != nil {
		t.Fatal(err)
	}
	st := s.Stats()
	all, distinct := dst.total()
	if st.Lost == 0 || all != distinct || int64(all)+st.Lost != 300 {
		t.Errorf("%d lines applied (%d different) and %d lost, want each of 300 in one of the two, and some lost", all, distinct, st.Lost)
	}
	for i := 250; i < 300; i++ {
		if dst.applied[key(i)] != 1 {
			t.Errorf("line %d was not applied", i)
		}
	}
}

// The store holds an offset that the log does not reach, and nobody knows where
// the log was cut: all is read again.
func TestLogShorterThanWhatIsHeld(t *testing.T) {
	t.Parallel()
	for _, once := range []bool{true, false} {
		t.Run(fmt.Sprintf("once=%v", once), func(t *testing.T) {
			t.Parallel()
			c := cluster(t, 1)
			produce(t, client(t, c), 1, 0, 60)
			dst := newSink()
			dst.held[name(c, 0)] = 100
			cfg := config(c)
			cfg.Once = once
			s := open(t, cfg, dst)
			background(t, s, dst)
			eventually(t, "all is applied", func() bool { n, _ := dst.total(); return n >= 60 })
			dst.checkOnce(t, 0, 60)
			if b := dst.batches[0]; b.From != 0 || b.Move == nil || b.Move.Held != 100 {
				t.Errorf("first batch is from %d, moved %v; want 0, moved from 100", b.From, b.Move)
			}
			if st := s.Stats(); st.Cut != 100 || st.Lost != 0 {
				t.Errorf("cut %d, lost %d, want 100 and 0", st.Cut, st.Lost)
			}
		})
	}
}

// The group's commit tells the epoch of the leader whose record was read last,
// and the brokers where the log of that leader ends: there reading goes on.
func TestLogCutWhereTheEpochTells(t *testing.T) {
	t.Parallel()
	for _, committed := range []int64{100, 90} { // all that was stored, and a little less
		t.Run(fmt.Sprint(committed), func(t *testing.T) {
			t.Parallel()
			c := cluster(t, 1)
			cl := client(t, c)
			produce(t, cl, 1, 0, 60)
			offsets := kadm.Offsets{}
			offsets.Add(kadm.Offset{Topic: movielog, Partition: 0, At: committed, LeaderEpoch: c.PartitionInfo(movielog, 0).Epoch})
			cfg := config(c)
			if err := admin(cl).CommitAllOffsets(context.Background(), cfg.Group, offsets); err != nil {
				t.Fatal(err)
			}
			dst := newSink()
			dst.held[name(c, 0)] = 100
			s := open(t, cfg, dst)
			background(t, s, dst)
			eventually(t, "the loss is noticed", func() bool { return s.Stats().Cut > 0 })
			produce(t, cl, 1, 60, 80)
			eventually(t, "what is new is applied", func() bool { n, _ := dst.total(); return n >= 20 })
			dst.checkOnce(t, 60, 80)
			if b := dst.batches[0]; b.From != 60 || b.Move == nil || b.Move.Held != 100 {
				t.Errorf("first batch is from %d, moved %v; want 60, moved from 100", b.From, b.Move)
			}
			if st := s.Stats(); st.Cut != 40 {
				t.Errorf("cut %d, want 40", st.Cut)
			}
		})
	}
}

// A topic with the same name and another id is another one.
func TestTopicMadeAnew(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	produce(t, client(t, c), 2, 0, 100)
	dst := newSink()
	s := open(t, config(c), dst, kgo.MetadataMinAge(10*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }))
	background(t, s, dst)
	eventually(t, "the first topic is applied", func() bool { n, _ := dst.total(); return n >= 100 })
	old := name(c, 0)
	if err := c.DeleteTopic(movielog); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateTopic(movielog, 2, nil); err != nil {
		t.Fatal(err)
	}
	if name(c, 0) == old {
		t.Fatal("the topic has the same id, want another")
	}
	produce(t, client(t, c), 2, 100, 180)
	eventually(t, "the new topic is applied", func() bool { n, _ := dst.total(); return n >= 180 })
	dst.checkOnce(t, 0, 180)
	var names []string
	for _, p := range s.Stats().Partitions {
		names = append(names, p.Name)
	}
	if want := []string{name(c, 0), name(c, 1)}; !slices.Equal(names, want) {
		t.Errorf("partitions are %v, want %v", names, want)
	}
	if dst.held[name(c, 0)] != 40 || dst.held[old] != 50 {
		t.Errorf("held are %v, want 50 of the old and 40 of the new partition", dst.held)
	}
	if n := s.Stats().Remade; n < 1 {
		t.Errorf("remade %d times, want 1", n)
	}
}

// Offsets of aborted transactions and control records are gaps, and a partition
// that ends in them has an end.
func TestOnceEndsBehindTransactions(t *testing.T) {
	c := cluster(t, 1)
	tx := client(t, c, kgo.TransactionalID("t"))
	transaction := func(from, to int, commit kgo.TransactionEndTry) {
		t.Helper()
		if err := tx.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		produce(t, tx, 1, from, to)
		if err := tx.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	dst := newSink()
	for i, round := range []struct {
		commit kgo.TransactionEndTry
		want   int64
	}{{kgo.TryCommit, 10}, {kgo.TryAbort, 0}, {kgo.TryAbort, 0}, {kgo.TryCommit, 10}} {
		transaction(10*i, 10*i+10, round.commit)
		if sum := runOnce(t, config(c), dst); sum.Lines != round.want {
			t.Errorf("round %d: %d lines, want %d", i, sum.Lines, round.want)
		}
	}
	if _, distinct := dst.total(); distinct != 20 {
		t.Errorf("%d different lines, want 20", distinct)
	}
	if last := dst.batches[len(dst.batches)-1]; last.From != 11 || last.To != 44 {
		t.Errorf("the last batch is %d to %d, want 11 to 44: the gap belongs to it", last.From, last.To)
	}
}

// An open transaction ends what can be seen; a given up one before it is not
// handed out, nor its end.
func TestOnceEndsBeforeAnOpenTransaction(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	aborted, open := client(t, c, kgo.TransactionalID("a")), client(t, c, kgo.TransactionalID("b"))
	for _, tx := range []*kgo.Client{aborted, open} {
		if err := tx.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
	}
	produce(t, aborted, 1, 0, 10)
	produce(t, open, 1, 10, 20)
	if err := aborted.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	dst := newSink()
	if sum := runOnce(t, config(c), dst); sum.Lines != 0 {
		t.Errorf("%d lines, want none", sum.Lines)
	}
	if err := open.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if sum := runOnce(t, config(c), dst); sum.Lines != 10 {
		t.Errorf("%d lines, want 10", sum.Lines)
	}
	dst.checkOnce(t, 10, 20)
}

// Compaction leaves gaps in the middle and at the end.
func TestOnceEndsBehindCompaction(t *testing.T) {
	c := cluster(t, 1)
	if err := c.DeleteTopic(movielog); err != nil {
		t.Fatal(err)
	}
	compact := "compact"
	small := "100"
	if err := c.CreateTopic(movielog, 1, map[string]string{"cleanup.policy": compact, "segment.bytes": small}); err != nil {
		t.Fatal(err)
	}
	cl := client(t, c)
	for i := range 50 {
		send(t, cl, &kgo.Record{Key: []byte{byte('a' + i%5)}, Value: []byte(line(i))})
	}
	c.Compact()
	dst := newSink()
	sum := runOnce(t, config(c), dst)
	if sum.Lines == 0 || sum.Lines >= 50 {
		t.Errorf("%d lines, want what compaction left", sum.Lines)
	}
	if all, distinct := dst.total(); all != distinct || int64(all) != sum.Lines {
		t.Errorf("%d lines applied, %d different, want %d", all, distinct, sum.Lines)
	}
	if held := dst.held[name(c, 0)]; held != 50 {
		t.Errorf("held %d, want 50", held)
	}
}
