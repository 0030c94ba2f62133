package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// A Source reads one topic as a member of a group. It implements
// [stream.Source] and [stream.Acknowledger] for one goroutine; Stats and Lag
// may be called by any.
type Source struct {
	cfg    Config
	lines  stream.Config
	held   stream.Offsets
	now    func() time.Time
	log    *slog.Logger
	extra  []kgo.Opt
	rows   *stream.Rows
	opened time.Time
	outage *outage

	client  *kgo.Client // replaced when the topic was made anew
	pending []chunk     // records that were polled and are in no batch yet
	asked   time.Time   // when the brokers were last asked about the topic
	absent  time.Time   // since when they do not know it; zero when they do
	closed  bool
	commits commits

	mu       sync.Mutex
	topic    topic       // as it was when the Source was opened, or when it was made anew
	from     stream.From // where partitions begin that the store holds nothing of
	ready    bool        // topic is known and the group was joined
	leaving  bool        // the group is being left: what is taken away then is no news
	assigned bool        // the group has shared out partitions
	parts    map[int32]*partition

	recognized bool               // the store was asked whether the topic was made anew
	begun      map[int32]int64    // where partitions began that the store held nothing of
	replayed   map[int32]bool     // partitions that a replay has rewound
	fatal      error              // what ended the Source
	wake       context.CancelFunc // of the poll that waits
	joined     time.Time
	counts     counts
}

// A chunk is some records of one partition.
type chunk struct {
	part    *partition
	records []*kgo.Record
}

// Open returns a Source of the topic that cfg names. held says which offsets
// the store holds; it is asked whenever partitions are assigned, by another
// goroutine. now is the time at which lines are read. opts come after the
// Source's own: a dialer, for example. The caller closes the Source.
//
// Open waits up to cfg.OpenWait for the brokers; if they do not answer, it
// leaves that to Fetch. What cannot pass by itself is an error at once: settings
// (they wrap [catalog.ErrInvalid]), a refused password, a certificate that does
// not fit, a topic unknown for cfg.TopicWait.
func Open(ctx context.Context, cfg Config, held stream.Offsets, lines stream.Config, now func() time.Time, log *slog.Logger, opts ...kgo.Opt) (*Source, error) {
	if err := errors.Join(cfg.Validate(), lines.Validate()); err != nil {
		return nil, err
	}
	s := &Source{
		cfg: cfg, lines: lines, held: held, now: now, log: log, extra: opts,
		rows: stream.NewRows(lines, now), opened: now(), outage: &outage{log: log, what: "reading"},
		from: cfg.From, begun: map[int32]int64{}, replayed: map[int32]bool{},
	}
	if err := s.connect(); err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, cfg.OpenWait)
	defer cancel()
	switch err := s.join(waiting); {
	case err == nil:
	case ctx.Err() != nil || waiting.Err() == nil:
		return nil, errors.Join(err, s.Close())
	default:
		log.Warn("kafka brokers do not answer yet, or do not know the topic; the first fetch waits", "brokers", cfg.Brokers, "topic", cfg.Topic, "waited", cfg.OpenWait)
	}
	return s, nil
}

// connect makes a client. It calls no broker yet.
func (s *Source) connect() error {
	opts, err := s.cfg.options()
	if err != nil {
		return err
	}
	opts = append(opts,
		kgo.ConsumerGroup(s.cfg.Group),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(s.cfg.Session),
		kgo.HeartbeatInterval(s.cfg.Heartbeat),
		kgo.RebalanceTimeout(s.cfg.Rebalance),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), // so that what was polled is put to the partition it was polled for
		kgo.AdjustFetchOffsetsFn(s.begin),
		kgo.OnPartitionsAssigned(s.onAssigned),
		kgo.OnPartitionsRevoked(s.onRevoked),
		kgo.OnPartitionsLost(s.onRevoked),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // the client must not skip by itself
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // they move the offset
		kgo.FetchMaxBytes(int32(s.cfg.FetchBytes)),
		kgo.FetchMaxPartitionBytes(int32(s.cfg.PartitionBytes)),
		kgo.FetchMaxWait(s.cfg.FetchWait),
		kgo.MaxDecompressBatchBytes(s.cfg.DecompressBytes),
		kgo.MetadataMaxAge(time.Minute), // new partitions are found as fast
		kgo.WithHooks(s.outage),
	)
	client, err := kgo.NewClient(append(opts, s.extra...)...)
	if err != nil {
		return fmt.Errorf("kafka: settings of the client: %w: %w", err, catalog.ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client, s.parts = client, map[int32]*partition{}
	s.ready, s.assigned = false, false
	return nil
}

// join waits until the brokers know the topic, notes which it is, and joins the
// group.
func (s *Source) join(ctx context.Context) error {
	var found topic
	err := s.retry(ctx, func(ctx context.Context) (err error) {
		found, err = askTopic(ctx, s.client, s.cfg.Topic, true)
		return err
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.meet(found)
	s.ready, s.joined = true, time.Now()
	s.mu.Unlock()
	s.asked, s.absent = time.Now(), time.Time{}
	s.client.AddConsumeTopics(s.cfg.Topic)
	return nil
}

// Seek implements [stream.Source]. A partition that is no longer assigned here
// is left to whom it is: then Seek does nothing.
func (s *Source) Seek(_ context.Context, partition string, offset int64) error {
	if offset < 0 {
		return invalid("offset %d of %s, want 0 or more", offset, partition)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.named(partition)
	if p == nil {
		s.log.Info("kafka partition went to another reader, which reads on", "partition", partition)
		return nil
	}
	s.log.Info("kafka partition is read from where the store stands", "partition", partition, "offset", offset, "read_to", p.from)
	if p.seek(offset) {
		s.replayed[p.n] = true
	}
	s.drop(p)
	return nil
}

// Acknowledge implements [stream.Acknowledger]. The group's offset, which only
// shows the lag, follows what was applied, in the background and without a
// promise. A batch that can never be applied ends the reading.
func (s *Source) Acknowledge(_ context.Context, b catalog.Batch, _ catalog.Applied, err error) error {
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.records += b.To - b.From
	p := s.named(b.Partition)
	if p == nil || p.handed.to != b.To {
		return nil
	}
	if p.handed.rewind {
		p.handed.rewind = false
		s.replayed[p.n] = true
	}
	s.commits.note(p.n, kgo.EpochOffset{Epoch: p.handed.epoch, Offset: b.To})
	return nil
}

// named returns the assigned partition of that name, or nil. Callers hold mu.
func (s *Source) named(name string) *partition {
	for _, p := range s.parts {
		if p.placed && p.name == name {
			return p
		}
	}
	return nil
}

// drop forgets the records of p that are in no batch.
func (s *Source) drop(p *partition) {
	for i := range s.pending {
		if s.pending[i].part == p {
			s.pending[i].records = nil
		}
	}
}

// leaveWait bounds each of the last calls of a Source: the last commit, and
// leaving the group.
const leaveWait = 3 * time.Second

// Close commits what was acknowledged, leaves the group and ends all
// connections, within some seconds. No other method may be at work. A second
// call does nothing.
func (s *Source) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.leave()
	return nil
}

// leave ends the client.
func (s *Source) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveWait)
	defer cancel()
	s.commits.finish(ctx, s)
	s.setLeaving(true)
	defer s.setLeaving(false)
	s.client.AllowRebalance()
	leaving, cancel := context.WithTimeout(context.Background(), leaveWait)
	defer cancel()
	if err := s.client.LeaveGroupContext(leaving); err != nil {
		s.log.Debug("kafka group was not left; its session ends by itself", "group", s.cfg.Group, "err", err)
	}
	s.client.Close()
	s.client.AllowRebalance() // closing polls once more, which would hold back the goroutine that leaves the group for ever
}

func (s *Source) setLeaving(leaving bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = leaving
}

// usable returns why s cannot be read.
func (s *Source) usable(ctx context.Context) error {
	if s.closed {
		return fmt.Errorf("kafka topic %s: %w", s.cfg.Topic, os.ErrClosed)
	}
	s.mu.Lock()
	fatal := s.fatal
	s.mu.Unlock()
	if fatal != nil {
		return fatal
	}
	return ctx.Err()
}

// end makes err what every later Fetch returns, and ends the one that waits.
func (s *Source) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal == nil {
		s.fatal = err
	}
	s.rouse()
}

// rouse ends the poll that waits. Callers hold mu.
func (s *Source) rouse() {
	if s.wake != nil {
		s.wake()
	}
}
