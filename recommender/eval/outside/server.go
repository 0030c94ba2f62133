package outside

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/recommender/eval"
)

// ErrKnows reports a server whose history holds the truth.
var ErrKnows = errors.New("the server knows the truth")

// ErrServer reports a server that mostly gave no list.
var ErrServer = errors.New("the server gave no lists")

// A ServerConfig says how a server is asked. Start from [DefaultServerConfig].
type ServerConfig struct {
	URL         string        // of the service, to which /recommend/<user> is added
	Timeout     time.Duration // of one answer, until its last byte
	Concurrency int           // requests at once, 1 to 256
	Retries     int           // after no answer at all, 0 or 1; a wrong answer is not asked for again
	BodyBytes   int64         // longest answer
	FaultShare  float64       // the share of answers that are no list at which the run ends, above 0
	CheckPeople int           // with truth, whom Check asks for, 1 or more
}

// DefaultServerConfig asks as the service's contract does, but waits 5 s: to
// judge lists under load is another matter than to judge speed. 200 people are
// enough for [Server.Check], since with a hit rate of popularity of only 7% no
// hit at all would be an accident of 1 in a million.
func DefaultServerConfig(url string) ServerConfig {
	return ServerConfig{URL: url, Timeout: 5 * time.Second, Concurrency: 2 * runtime.GOMAXPROCS(0), Retries: 1, BodyBytes: 64 << 10, FaultShare: 0.5, CheckPeople: 200}
}

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (c ServerConfig) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		bad("url is %q, want one like http://localhost:8082", c.URL)
	}
	if c.Timeout <= 0 {
		bad("timeout is %s, want more than 0", c.Timeout)
	}
	if c.Concurrency < 1 || c.Concurrency > 256 {
		bad("concurrency is %d, want 1 to 256", c.Concurrency)
	}
	if c.Retries < 0 || c.Retries > 1 {
		bad("retries are %d, want 0 or 1", c.Retries)
	}
	if c.BodyBytes < 1 {
		bad("longest answer is %d bytes, want 1 or more", c.BodyBytes)
	}
	if !(c.FaultShare > 0 && c.FaultShare <= 1) {
		bad("share of faults is %v, want more than 0, at most 1", c.FaultShare)
	}
	if c.CheckPeople < 1 {
		bad("people to check are %d, want 1 or more", c.CheckPeople)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
}

// A Server is a running service that is asked for lists over HTTP. It is safe
// for concurrent use.
type Server struct {
	Name   string
	cfg    ServerConfig
	base   string
	client *http.Client
	split  *eval.Split
	rows   map[string]uint32
	row    map[catalog.UserID]int // of split.Train.Users
	slots  chan struct{}

	mu     sync.Mutex // guards the rest
	counts ServerCounts
	first  map[string]string // by kind of fault: the first of them
	lost   int               // people with a history of whom the server says it knows none
	tiers  int               // answers that say how they were made
	told   int               // people with a history of whom the server says how much it knows
}

// ServerCounts says what the server answered.
type ServerCounts struct {
	Asked         int            `json:"asked"`
	Lists         int            `json:"lists"`
	Faults        map[string]int `json:"faults,omitempty"` // by kind: "timeout", "connection", "status", "redirect", "type", "length", "format"
	UnknownMovies int            `json:"unknown_movies"`   // places taken by movies that the split does not have
	Places        int            `json:"places"`
}

func (c ServerCounts) faults() int { return c.Asked - c.Lists }

// NewServer returns a server that is asked for the people of s, under the name
// it has in reports. Call [Server.Check] before it is judged.
func NewServer(name string, s *eval.Split, c ServerConfig) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	out := &Server{
		Name: name, cfg: c, base: strings.TrimRight(c.URL, "/") + "/recommend/", split: s,
		rows: make(map[string]uint32, len(s.Train.Movies)), row: make(map[catalog.UserID]int, len(s.Train.Users)),
		slots: make(chan struct{}, c.Concurrency), first: make(map[string]string),
		counts: ServerCounts{Faults: make(map[string]int)},
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: c.Concurrency, MaxConnsPerHost: c.Concurrency, MaxResponseHeaderBytes: 64 << 10},
			// What lies elsewhere is not the server that was named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for row, id := range s.Train.Movies {
		out.rows[string(id)] = uint32(row)
	}
	for i, u := range s.Train.Users {
		out.row[u.User] = i
	}
	return out, nil
}

// Close gives back the connections.
func (s *Server) Close() { s.client.CloseIdleConnections() }

// Model returns s as a model. A person for whom there is no list gets an empty
// one, and the fault is counted; when too many answers are faults the error wraps
// [ErrServer], and [ErrKnows] when an answer says that the server knows more of
// a person than the training part. After [Server.Check] it is known whether
// answers say if they are personal, and the model says so too.
func (s *Server) Model() eval.Model {
	explain := func(ctx context.Context, user catalog.UserID, train []eval.Seen, _ int) (eval.Listing, error) {
		a, err := s.ask(ctx, user)
		if err != nil {
			return eval.Listing{}, err
		}
		if err := s.overfull(user, train, a); err != nil {
			return eval.Listing{}, err
		}
		return eval.Listing{Rows: a.list, Personal: a.tier == "personal"}, nil
	}
	list := func(ctx context.Context, user catalog.UserID, train []eval.Seen, n int) ([]uint32, error) {
		l, err := explain(ctx, user, train, n)
		return l.Rows, err
	}
	m := eval.Model{Name: s.Name, List: list}
	if s.tiered() {
		m.Explain = explain
	}
	return m
}

// tiered reports whether answers say how they were made.
func (s *Server) tiered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tiers > 0
}

// minAsked is how many answers must be in before their faults end a run, unless
// there are fewer people.
const minAsked = 20

// ask returns the answer for user, without a list if it was a fault.
func (s *Server) ask(ctx context.Context, user catalog.UserID) (answer, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	var a answer
	for try := 0; ; try++ {
		a = s.get(ctx, user)
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		if try == s.cfg.Retries || a.fault != faultTimeout && a.fault != faultConnection {
			return a, s.count(user, a)
		}
	}
}

// count keeps what the answer says, and ends a run of faults.
func (s *Server) count(user catalog.UserID, a answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Asked++
	if a.fault == "" {
		s.counts.Lists++
		s.counts.Places += len(a.list)
		if a.tier != "" {
			s.tiers++
		}
		for _, row := range a.list {
			if row == unknownRow {
				s.counts.UnknownMovies++
			}
		}
		if i, ok := s.row[user]; ok && a.history >= 0 && len(s.split.Train.Users[i].Seen) > 0 {
			s.told++
			if a.history == 0 {
				s.lost++
			}
		}
		return nil
	}
	s.counts.Faults[a.fault]++
	if s.first[a.fault] == "" {
		s.first[a.fault] = fmt.Sprintf("user %q: %s", user, a.detail)
	}
	if n := s.counts.faults(); s.counts.Asked >= min(minAsked, len(s.split.Train.Users)) && float64(n) > s.cfg.FaultShare*float64(s.counts.Asked) {
		return fmt.Errorf("%s: %d of %d answers are no list: %s; want status 200 and one line of movie ids as text/plain from %s<user>: %w",
			s.Name, n, s.counts.Asked, s.faultText(), s.base, ErrServer)
	}
	return nil
}

// Counts returns what was answered so far.
func (s *Server) Counts() ServerCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.counts
	out.Faults = make(map[string]int, len(s.counts.Faults))
	for kind, n := range s.counts.Faults {
		out.Faults[kind] = n
	}
	return out
}

// Warnings says in words what was wrong with the answers so far.
func (s *Server) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	if n := s.counts.faults(); n > 0 {
		out = append(out, fmt.Sprintf("%s: %d of %d answers were no list and count as empty: %s", s.Name, n, s.counts.Asked, s.faultText()))
	}
	if s.counts.UnknownMovies > 0 {
		out = append(out, fmt.Sprintf("%s: %d of %d places taken by movies the split does not have; was the server loaded with the training part?", s.Name, s.counts.UnknownMovies, s.counts.Places))
	}
	if s.told >= minAsked && 2*s.lost > s.told {
		out = append(out, fmt.Sprintf("%s: the server knows no history of %d of %d people who have one; was it loaded with the training part?", s.Name, s.lost, s.told))
	}
	return out
}

// faultText lists the kinds of faults, the most frequent first, each with its
// first.
func (s *Server) faultText() string {
	var kinds []string
	for kind := range s.counts.Faults {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.counts.Faults[b], s.counts.Faults[a]), cmp.Compare(a, b))
	})
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d by %s (%s)", s.counts.Faults[kind], kind, s.first[kind])
	}
	return strings.Join(kinds, "; ")
}
