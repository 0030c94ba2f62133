package kill

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"marquee/tests/faults/ledger"
)

// token is what a request must carry.
const token = "a-token-of-the-kill-test"

// posts are bodies that are sent until they are answered by 200, each under a
// key of its own.
type posts struct {
	address string
	lines   *ledger.Generator
	rng     *rand.Rand
	book    *ledger.Book
	names   map[string]string
	number  int
	again   int // requests that were sent again
	client  http.Client
}

func newPosts(seed uint64, cfg ledger.Config) (*posts, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	return &posts{
		address: address, lines: ledger.New(seed, cfg), rng: rand.New(rand.NewPCG(seed, 3)), book: new(ledger.Book), names: make(map[string]string),
		client: http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}, l.Close()
}

// write sends one body until it is answered.
func (p *posts) write(ctx context.Context) error {
	key, part := fmt.Sprintf("body-%d", p.number), fmt.Sprintf("post/%d", p.number)
	p.number++
	lines := p.lines.Lines(1 + p.rng.IntN(60))
	at := int64(0)
	for _, l := range lines {
		next := at + int64(len(l.Text)) + 1
		p.book.Put(part, at, next, l)
		at = next
	}
	p.names[ledger.PostName(key)] = part
	for n := 0; ; n++ {
		status, text, err := p.send(ctx, key, ledger.Texts(lines))
		switch {
		case err == nil && status == http.StatusOK:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("body %s was not answered: %d %s %w", key, status, text, ctx.Err())
		case err == nil && status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests:
			return fmt.Errorf("body %s was answered by %d: %s", key, status, text)
		}
		p.again++
		time.Sleep(pace)
	}
}

func (p *posts) send(ctx context.Context, key string, body []byte) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+"/events", bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Idempotency-Key", key)
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
	return resp.StatusCode, string(said), err
}
