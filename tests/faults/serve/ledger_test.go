package serve

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"marquee/tests/load"
)

// A ledger knows which watches were committed, and when the store was down.
type ledger struct {
	mu      sync.Mutex
	watched map[string]map[string]time.Time // person -> movie -> when its watch was answered for
	down    []outage

	lists, fresh, stale, late int
	faults                    []string
}

// An outage is a time in which the store did not answer.
type outage struct{ from, to time.Time }

const (
	behind   = 5 * time.Second // how old a committed watch may be that a fresh list does not know of
	recovery = 5 * time.Second // after the store answers again, until lists are fresh
)

func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) < 20 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// commit says that a watch is in the store.
func (l *ledger) commit(user, movie string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watched[user] == nil {
		l.watched[user] = map[string]time.Time{}
	}
	if _, known := l.watched[user][movie]; !known {
		l.watched[user][movie] = time.Now()
	}
}

// judge looks at the answer to a contract call that was sent at a time.
func (l *ledger) judge(i uint64, a load.Answer, sent time.Time, err error) {
	if err != nil || a.Status != http.StatusOK {
		l.fault("request %d: %v, status %d: %.100s", i, err, a.Status, a.Body)
		return
	}
	body, ended := strings.CutSuffix(string(a.Body), "\n")
	ids := strings.Split(body, ",")
	distinct := map[string]bool{}
	for _, id := range ids {
		distinct[id] = true
		if !strings.HasPrefix(id, "film+") {
			l.fault("request %d: %q is no movie of the catalog", i, id)
		}
	}
	if !ended || len(ids) != 20 || len(distinct) != 20 {
		l.fault("request %d: %q is no line of 20 ids", i, a.Body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lists++
	if kindOf(i) != kindKnown {
		return
	}
	switch {
	case a.Value("X-Marquee-History") == "fresh":
		l.fresh++
	case l.wasDown(sent):
		l.stale++
		return
	default: // a read that took too long on a busy machine; what was watched stays out all the same
		l.late++
	}
	for movie, at := range l.watched[strconv.FormatUint(userOf(i), 10)] {
		if distinct[movie] && sent.Sub(at) > behind && len(l.faults) < 20 {
			l.faults = append(l.faults, fmt.Sprintf("request %d: %s was watched %v before and is listed, while the store was there", i, movie, sent.Sub(at)))
		}
	}
}

// wasDown reports whether the store was down at a time, or had just come back.
func (l *ledger) wasDown(at time.Time) bool {
	for _, o := range l.down {
		if at.After(o.from.Add(-time.Second)) && (o.to.IsZero() || at.Before(o.to.Add(recovery))) {
			return true
		}
	}
	return false
}

// went and came note an outage.
func (l *ledger) went() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = append(l.down, outage{from: time.Now()})
}

func (l *ledger) came() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down[len(l.down)-1].to = time.Now()
}

// write posts watches until ctx ends, each until it is answered for.
func (l *ledger) write(ctx context.Context, t *testing.T, address, token string) (posts int) {
	rng := rand.New(rand.NewPCG(3, 4))
	client := &http.Client{Timeout: 15 * time.Second}
	defer client.CloseIdleConnections()
	for n := 0; ctx.Err() == nil; n++ {
		var body bytes.Buffer
		type watch struct{ user, movie string }
		var sent []watch
		for range 20 {
			w := watch{strconv.Itoa(1 + rng.IntN(people)), movieID(rng.IntN(movies))}
			sent = append(sent, w)
			fmt.Fprintf(&body, "%s,%s,GET /data/m/%s/%d.mpg\n", time.Now().UTC().Format("2006-01-02T15:04:05"), w.user, w.movie, rng.IntN(90))
		}
		for !post(ctx, client, address, token, fmt.Sprintf("mixed-%d", n), body.Bytes()) {
			if ctx.Err() != nil {
				return posts
			}
			time.Sleep(200 * time.Millisecond)
		}
		posts++
		for _, w := range sent {
			l.commit(w.user, w.movie)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return posts
}

// post reports whether the store has the lines.
func post(ctx context.Context, client *http.Client, address, token, key string, body []byte) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/events", bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Idempotency-Key", key)
	res, err := client.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}
