package post

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/catalog/stream"
)

// A Source takes requests as an [http.Handler] and hands their lines over as a
// [stream.Source], each body as one batch.
type Source struct {
	cfg    Config
	rows   *stream.Rows
	now    func() time.Time
	tokens [][sha256.Size]byte
	slots  chan struct{} // one taken for each body that is in memory
	queue  chan *posted  // has room for all of them
	closed chan struct{}
	close  sync.Once

	current *posted // handed over, and not answered yet; of the goroutine that fetches
}

var (
	_ stream.Source       = (*Source)(nil)
	_ stream.Acknowledger = (*Source)(nil)
	_ http.Handler        = (*Source)(nil)
)

// A posted is a body on its way.
type posted struct {
	partition string
	body      []byte
	batch     catalog.Batch
	answer    chan answer // holds one
}

// An answer is what a request is told.
type answer struct {
	status   int
	summary  stream.Summary
	replayed bool
	problem  string
}

// New returns a Source of bodies whose lines are read as lines says. now is the
// time at which they are refused.
func New(cfg Config, lines stream.Config, now func() time.Time) (*Source, error) {
	if err := errors.Join(cfg.Validate(), lines.Validate()); err != nil {
		return nil, err
	}
	if lines.From != (stream.From{}) {
		return nil, fmt.Errorf("a start in the middle is not for posts: %w", catalog.ErrInvalid)
	}
	s := &Source{cfg: cfg, rows: stream.NewRows(lines, now), now: now, closed: make(chan struct{})}
	s.slots, s.queue = make(chan struct{}, cfg.Queue), make(chan *posted, cfg.Queue)
	for _, t := range cfg.Tokens {
		s.tokens = append(s.tokens, sha256.Sum256([]byte(t)))
	}
	return s, nil
}

// ServeHTTP answers POST /events: 200 with the summary once the lines are in the
// store, 401 without a token, 400 without a key or a body, 409 if the key was used
// for another body, 413 if the body is too large, 415 if it is no text, 429 when
// too many requests wait, and 503 when the store does not answer in time; then the
// lines may still go in, and the same request again tells.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := s.take(w, r)
	if err != nil {
		if err.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Bearer realm="events"`)
		}
		if err.again {
			w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
		}
		writeJSON(w, err.status, map[string]string{"error": err.text})
		return
	}
	writeJSON(w, a.status, struct {
		stream.Summary
		Replayed bool `json:"replayed"`
	}{a.summary, a.replayed})
}

// retryAfterSeconds is when a request that was put off is told to come back.
const retryAfterSeconds = 2

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

// take checks a request, puts it into the queue and waits for its answer.
func (s *Source) take(w http.ResponseWriter, r *http.Request) (answer, *refusal) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return answer{}, refuse(http.StatusMethodNotAllowed, "method is %s, want POST", r.Method)
	}
	if err := s.authorize(r); err != nil {
		return answer{}, err
	}
	k, err := key(r)
	if err != nil {
		return answer{}, err
	}
	if err := s.enter(); err != nil {
		return answer{}, err
	}
	body, err := s.body(w, r)
	if err != nil {
		<-s.slots
		return answer{}, err
	}
	sum := sha256.Sum256([]byte(k))
	p := &posted{partition: "post:sha256:" + hex.EncodeToString(sum[:]), body: body, answer: make(chan answer, 1)}
	s.queue <- p // it has a slot, so there is room
	return s.wait(r.Context(), p)
}

// enter takes a slot, which answer gives back. A body is read after that, so that
// no more of them are in memory than may wait.
func (s *Source) enter() *refusal {
	select {
	case <-s.closed:
		return &refusal{http.StatusServiceUnavailable, "events are no longer taken here; send the same request again, elsewhere or later", true}
	default:
	}
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
		return &refusal{http.StatusTooManyRequests, fmt.Sprintf("%d requests wait already; send the same request again", s.cfg.Queue), true}
	}
}

func (s *Source) wait(ctx context.Context, p *posted) (answer, *refusal) {
	late := time.NewTimer(s.cfg.Wait)
	defer late.Stop()
	select {
	case a := <-p.answer:
		if a.problem != "" {
			return a, refuse(a.status, "%s", a.problem)
		}
		return a, nil
	case <-late.C:
	case <-ctx.Done():
	case <-s.closed:
	}
	return answer{}, &refusal{http.StatusServiceUnavailable, "the store has not answered yet; the lines may still go in: send the same request again, under the same key", true}
}

// Fetch implements [stream.Source]: each batch is one body. One that was handed
// over and never answered, because Run was cut short, is handed over again. After
// Close Fetch returns io.EOF.
func (s *Source) Fetch(ctx context.Context) (catalog.Batch, error) {
	select {
	case <-s.closed:
		return catalog.Batch{}, io.EOF
	default:
	}
	if s.current != nil {
		return s.current.batch, nil
	}
	select {
	case p := <-s.queue:
		s.read(p)
		s.current = p
		return p.batch, nil
	case <-ctx.Done():
		return catalog.Batch{}, ctx.Err()
	case <-s.closed:
		return catalog.Batch{}, io.EOF
	}
}

// read turns a body into a batch.
func (s *Source) read(p *posted) {
	digest := sha256.Sum256(p.body)
	p.batch = catalog.Batch{Partition: p.partition, To: int64(len(p.body)), Digest: digest[:], ReadAt: s.now()}
	for offset := 0; offset < len(p.body); {
		line, _, _ := bytes.Cut(p.body[offset:], []byte{'\n'})
		s.rows.Add(&p.batch, bytes.TrimSuffix(line, []byte{'\r'}), int64(offset))
		offset += len(line) + 1
	}
	p.body = nil
}

// Seek implements [stream.Source]: a body that the store has is answered with what
// it holds.
func (s *Source) Seek(_ context.Context, partition string, offset int64) error {
	p := s.current
	if p == nil || p.partition != partition || offset != p.batch.To {
		return fmt.Errorf("posts are no partition %s that can be read from %d: %w", partition, offset, catalog.ErrInvalid)
	}
	s.tell(p, catalog.Applied{}, true)
	return nil
}

// Acknowledge implements [stream.Acknowledger]: it answers the request. A body that
// can never be stored is a fault of the request, not of the source; the sender
// learns that, and the log why, since the error may tell of the store.
func (s *Source) Acknowledge(_ context.Context, b catalog.Batch, done catalog.Applied, err error) error {
	p := s.current
	if p == nil || p.partition != b.Partition {
		return fmt.Errorf("batch %s was acknowledged and was not the last one handed over: %w", b.Partition, catalog.ErrInvalid)
	}
	switch {
	case err == nil:
		s.tell(p, done, false)
	case errors.Is(err, catalog.ErrConflict):
		s.answer(p, answer{status: http.StatusConflict, problem: "the " + HeaderKey + " was used for another body; want a new one for each body"})
	case errors.Is(err, catalog.ErrInvalid):
		if s.cfg.Failed != nil {
			s.cfg.Failed(err) // before the answer, which points to it
		}
		s.answer(p, answer{status: http.StatusBadRequest, problem: "the lines are such as the store can never take; the log says why"})
	default:
		if s.cfg.Failed != nil {
			s.cfg.Failed(err)
		}
		s.answer(p, answer{status: http.StatusInternalServerError, problem: "the lines could not be stored; the log says why"})
		if s.cfg.Failed == nil {
			return err
		}
	}
	return nil
}

func (s *Source) tell(p *posted, done catalog.Applied, replayed bool) {
	a := answer{status: http.StatusOK, replayed: replayed}
	a.summary.Add(p.batch, done)
	s.answer(p, a)
}

// answer gives the place of p back before it answers, so that who waits for an answer
// before the next request finds it free.
func (s *Source) answer(p *posted, a answer) {
	s.current = nil
	<-s.slots
	p.answer <- a // has room: each is answered once
}

// Close refuses new requests, answers those that wait by 503, and ends Fetch. A
// second call does nothing.
func (s *Source) Close() error {
	s.close.Do(func() { close(s.closed) })
	return nil
}
