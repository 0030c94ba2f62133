package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"marquee/catalog/stream"
	"marquee/catalog/stream/post"
	"marquee/tests/faults/ledger"
	"marquee/tests/faults/wire"
)

const token = "a-token-of-the-simulation"

// postStage is some senders, who send each body until it is answered, to
// whichever process answers.
type postStage struct {
	plan  Plan
	topic string
	cfg   ledger.Config

	mu      sync.Mutex
	servers map[string]server // of lives
	parts   map[string]string
}

// A server is a life that takes requests.
type server struct {
	source *post.Source
	link   *wire.Link
}

func newPostStage(p Plan, play Play) *postStage {
	cfg := ledger.DefaultConfig()
	cfg.FirstUser = play.FirstUser
	return &postStage{plan: p, topic: play.Topic, cfg: cfg, servers: make(map[string]server), parts: make(map[string]string)}
}

func (s *postStage) open(_ context.Context, life string, link *wire.Link, _ stream.Offsets, cfg stream.Config) (Source, error) {
	settings := post.DefaultConfig()
	settings.Tokens = []string{token}
	settings.Queue = 2
	src, err := post.New(settings, cfg, time.Now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers[life] = server{src, link}
	return src, nil
}

func (s *postStage) bury(_ context.Context, life string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.servers, life)
}

func (s *postStage) part(partition string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if part, known := s.parts[partition]; known {
		return part
	}
	return partition
}

func (s *postStage) trouble(context.Context, Trouble) {}

// write lets three senders send.
func (s *postStage) write(ctx context.Context, w *world) error {
	lines := ledger.New(s.plan.Seed, s.cfg)
	rng := rand.New(rand.NewPCG(s.plan.Seed, 0x706f7374))
	number := 0
	return s.plan.inBursts(ctx, func(count int) error {
		var senders sync.WaitGroup
		failed := make(chan error, count)
		for count > 0 {
			n := min(count, 1+rng.IntN(30))
			count -= n
			key := fmt.Sprintf("%s-%d", s.topic, number)
			body := s.book(w, key, lines.Lines(n), rng)
			number++
			sender := &sender{stage: s, key: key, body: body, lines: n, rng: rand.New(rand.NewPCG(s.plan.Seed, uint64(number)))}
			senders.Go(func() {
				if err := sender.send(ctx); err != nil {
					failed <- err
				}
			})
		}
		senders.Wait()
		close(failed)
		return <-failed
	})
}

// book puts a body into the book. The last line of some has no end.
func (s *postStage) book(w *world, key string, lines []ledger.Line, rng *rand.Rand) []byte {
	body := ledger.Texts(lines)
	if last := lines[len(lines)-1]; last.Text != "" && rng.IntN(2) == 0 {
		body = body[:len(body)-1]
	}
	part := s.topic + "/post/" + key
	at := 0
	for _, l := range lines {
		next := min(at+len(l.Text)+1, len(body))
		w.out.Book.Put(part, int64(at), int64(next), l)
		at = next
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[ledger.PostName(key)] = part
	return body
}

// A sender has one body.
type sender struct {
	stage *postStage
	key   string
	body  []byte
	lines int
	rng   *rand.Rand
}

// send sends the body until it is answered by 200, at times once more though it
// was, and at times another body under its key, which must be refused.
func (s *sender) send(ctx context.Context) error {
	for {
		answer, lost := s.once(ctx, s.body)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !lost && answer.Code == http.StatusOK {
			if err := s.check(answer); err != nil {
				return err
			}
			if s.rng.IntN(3) > 0 {
				return s.conflict(ctx)
			}
		} else if !lost && answer.Code != http.StatusServiceUnavailable && answer.Code != http.StatusTooManyRequests {
			return fmt.Errorf("body %s: status %d: %s", s.key, answer.Code, answer.Body)
		}
		if err := sleep(ctx, time.Duration(s.rng.IntN(4000))*time.Millisecond); err != nil {
			return err
		}
	}
}

// check holds the summary against the body.
func (s *sender) check(answer *httptest.ResponseRecorder) error {
	var sum stream.Summary
	if err := json.Unmarshal(answer.Body.Bytes(), &sum); err != nil {
		return fmt.Errorf("body %s: %w", s.key, err)
	}
	if sum.Lines != int64(s.lines) {
		return fmt.Errorf("body %s: the answer says %d lines, want %d", s.key, sum.Lines, s.lines)
	}
	return nil
}

func (s *sender) conflict(ctx context.Context) error {
	if s.rng.IntN(4) > 0 {
		return nil
	}
	for {
		answer, lost := s.once(ctx, append([]byte("another body\n"), s.body...))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case lost, answer.Code == http.StatusServiceUnavailable, answer.Code == http.StatusTooManyRequests:
		case answer.Code == http.StatusConflict:
			return nil
		default:
			return fmt.Errorf("another body under key %s: status %d, want 409", s.key, answer.Code)
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// once sends a body to one of the processes. The answer of one that crashed
// meanwhile is lost, and so is one that takes too long.
func (s *sender) once(ctx context.Context, body []byte) (answer *httptest.ResponseRecorder, lost bool) {
	to, ok := s.stage.server(s.rng)
	if !ok {
		return nil, true
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(500+s.rng.IntN(20_000))*time.Millisecond)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/events", bytes.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Idempotency-Key", s.key)
	answer = httptest.NewRecorder()
	to.source.ServeHTTP(answer, req)
	return answer, ctx.Err() != nil || to.link.IsCut()
}

func (s *postStage) server(rng *rand.Rand) (server, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.servers) == 0 {
		return server{}, false
	}
	n := rng.IntN(len(s.servers))
	for _, one := range s.servers {
		if n == 0 {
			return one, true
		}
		n--
	}
	return server{}, false
}
