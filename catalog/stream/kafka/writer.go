package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"marquee/catalog"
)

// Names of the headers of what a [Writer] writes.
const (
	HeaderType       = "type"       // TypeExposure or TypeChange
	HeaderExperiment = "experiment" // of an exposure that took part in one
	HeaderArm        = "arm"        // of such an exposure
)

// Values of HeaderType.
const (
	TypeExposure = "exposure"
	TypeChange   = "change"
)

// A Writer writes served lists and changes to topics, one JSON object a record.
// An exposure's key is its user, a change's its subject, so that those of one
// are in order. What an exposure was made from, its Input, is left out. Any number of goroutines may use it.
//
// Records are acknowledged by all replicas in sync, and the client's own
// retries put none twice. A write that fails may still have got through in part:
// whoever repeats it writes at least once, and readers tell exposures apart by
// their request id and changes by their sequence number.
type Writer struct {
	cfg    WriterConfig
	client *kgo.Client
	outage *outage
	closed atomic.Bool
}

// NewWriter returns a Writer. It calls no broker yet. opts come after the
// Writer's own: a dialer, for example. The caller closes the Writer.
func NewWriter(cfg WriterConfig, log *slog.Logger, opts ...kgo.Opt) (*Writer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	w := &Writer{cfg: cfg, outage: &outage{log: log, what: "writing"}}
	own, err := cfg.options()
	if err != nil {
		return nil, err
	}
	own = append(own,
		kgo.RequiredAcks(kgo.AllISRAcks()), // with the client's default, idempotent
		kgo.MaxBufferedRecords(cfg.BufferRecords),
		kgo.MaxBufferedBytes(cfg.BufferBytes),
		kgo.RecordDeliveryTimeout(cfg.Timeout),
		kgo.ProduceRequestTimeout(cfg.Timeout),
		kgo.ProducerLinger(0), // a write comes as a whole
		kgo.WithHooks(w.outage),
	)
	if w.client, err = kgo.NewClient(append(own, opts...)...); err != nil {
		return nil, fmt.Errorf("kafka: settings of the client: %w: %w", err, catalog.ErrInvalid)
	}
	return w, nil
}

// WriteExposures writes list and waits until the brokers have it, for
// cfg.Timeout at most. An error wraps [catalog.ErrUnavailable] if a later
// attempt may succeed.
func (w *Writer) WriteExposures(ctx context.Context, list []catalog.Exposure) error {
	if w.cfg.Exposures == "" {
		return invalid("there is no topic for exposures; name one")
	}
	records := make([]*kgo.Record, len(list))
	for i, e := range list {
		headers := []kgo.RecordHeader{{Key: HeaderType, Value: []byte(TypeExposure)}}
		if e.Experiment != "" {
			headers = append(headers,
				kgo.RecordHeader{Key: HeaderExperiment, Value: []byte(e.Experiment)},
				kgo.RecordHeader{Key: HeaderArm, Value: []byte(e.Arm)})
		}
		e.Input = nil // it holds what a person watched, which stays in the store
		value, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("kafka: exposure %s: %w", e.RequestID, err)
		}
		records[i] = &kgo.Record{Topic: w.cfg.Exposures, Key: []byte(e.User), Value: value, Headers: headers}
	}
	return w.write(ctx, w.cfg.Exposures, records)
}

// WriteChanges writes list and waits until the brokers have it, for cfg.Timeout
// at most. An error wraps [catalog.ErrUnavailable] if a later attempt may
// succeed.
func (w *Writer) WriteChanges(ctx context.Context, list []catalog.Change) error {
	if w.cfg.Changes == "" {
		return invalid("there is no topic for changes; name one")
	}
	records := make([]*kgo.Record, len(list))
	for i, c := range list {
		value, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("kafka: change %d: %w", c.Seq, err)
		}
		headers := []kgo.RecordHeader{{Key: HeaderType, Value: []byte(TypeChange)}}
		records[i] = &kgo.Record{Topic: w.cfg.Changes, Key: []byte(c.Subject), Value: value, Headers: headers}
	}
	return w.write(ctx, w.cfg.Changes, records)
}

// ChangesTopic asks the brokers which topic the one of changes is, and returns
// "kafka:TOPIC@ID", with the id that the names of a [Source]'s partitions have: a
// topic that was made anew, or is of another cluster, has another. It waits for
// cfg.Timeout at most. An error wraps [catalog.ErrUnavailable] if a later attempt
// may succeed.
func (w *Writer) ChangesTopic(ctx context.Context) (string, error) {
	name := w.cfg.Changes
	if name == "" {
		return "", invalid("there is no topic for changes; name one")
	}
	if w.closed.Load() {
		return "", fmt.Errorf("kafka topic %s: %w", name, kgo.ErrClientClosed)
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	found, err := askTopic(ctx, w.client, name, false)
	if err != nil {
		return "", w.explain("ask for topic "+name, err)
	}
	return "kafka:" + name + "@" + identity(found.id, found.cluster), nil
}

// write writes all records, once more if the topic turns out to be another one of
// its name: a client never takes one for the other, so it is made to forget the
// topic. What others are writing to it meanwhile is unavailable to them.
func (w *Writer) write(ctx context.Context, topic string, records []*kgo.Record) error {
	if w.closed.Load() {
		return fmt.Errorf("kafka topic %s: %w", topic, kgo.ErrClientClosed)
	}
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Timeout)
	defer cancel()
	err := w.produce(ctx, records)
	if isAbsent(err) {
		w.client.PurgeTopicsFromClient(topic)
	}
	if errors.Is(err, kerr.UnknownTopicID) {
		w.outage.log.Warn("kafka topic was deleted and made anew; the new one is written to", "topic", topic)
		err = w.produce(ctx, records)
	}
	if err != nil {
		return w.explain(fmt.Sprintf("write %d records to topic %s", len(records), topic), err)
	}
	return nil
}

// produce waits for all records or for the first that fails. What it no longer
// waits for stays in the client's buffer, which is bounded, until its time is
// over; so the client has copies, which it writes to.
func (w *Writer) produce(ctx context.Context, records []*kgo.Record) error {
	results := make(chan error, len(records))
	for _, r := range records {
		own := *r
		w.client.Produce(ctx, &own, func(_ *kgo.Record, err error) { results <- err })
	}
	for done := range records {
		select {
		case err := <-results:
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("no answer for %d of %d: %w", len(records)-done, len(records), ctx.Err())
		}
	}
	return nil
}

// explain returns err with what was to be done and what to do.
func (w *Writer) explain(what string, err error) error {
	final, told := explain(err)
	switch {
	case final:
	case isAbsent(err):
		return fmt.Errorf("%s: %w; make the topic", what, told)
	case errors.Is(err, kerr.MessageTooLarge):
		return fmt.Errorf("%s: %w; raise the topic's max.message.bytes", what, told)
	case errors.Is(err, context.Canceled):
	default:
		if _, last := w.outage.state(); last != nil {
			told = fmt.Errorf("%w (the latest failure of a broker: %w)", told, last)
		}
		return fmt.Errorf("%s: %w: %w", what, told, catalog.ErrUnavailable)
	}
	return fmt.Errorf("%s: %w", what, told)
}

// Close waits for what is on its way, for cfg.Timeout at most, and ends all
// connections. The error is that of records that were given up. A second call
// does nothing.
func (w *Writer) Close() error {
	if w.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.cfg.Timeout)
	defer cancel()
	err := w.client.Flush(ctx)
	left := w.client.BufferedProduceRecords()
	w.client.Close()
	if err != nil && left > 0 {
		return fmt.Errorf("kafka: %d records were given up: %w", left, err)
	}
	return nil
}

// Away returns since when no broker answers; zero if one does.
func (w *Writer) Away() time.Time {
	since, _ := w.outage.state()
	return since
}
