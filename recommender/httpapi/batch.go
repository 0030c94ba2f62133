package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"marquee/catalog"
	"marquee/recommender"
)

// The bounds of a batch.
const (
	maxBatch      = 100
	batchParallel = 4 // lists of one batch that are made at a time
	batchWait     = 4 * time.Second
)

// A batchBody asks for a list for each of users. A user is an id, or an object with an
// id and wishes of its own in place of those of all.
type batchBody struct {
	Users []json.RawMessage `json:"users"`
	filterBody
}

type batchUser struct {
	User string `json:"user"`
	filterBody
}

// A batchAnswer is the list of one user, or why there is none.
type batchAnswer struct {
	User   string    `json:"user"`
	Status int       `json:"status"` // as if asked for alone
	Error  string    `json:"error,omitempty"`
	List   *listJSON `json:"list,omitempty"`
}

// batch answers with one list for each user of a body, in its order. What is wrong with
// one is told in its place and keeps no other from theirs.
func (s *Server) batch(w http.ResponseWriter, r *http.Request, q query, body []byte) error {
	var b batchBody
	if err := decode(body, &b); err != nil {
		return err
	}
	if len(b.Users) < 1 || len(b.Users) > maxBatch {
		return fmt.Errorf("users has %d entries, want 1 to %d: %w", len(b.Users), maxBatch, catalog.ErrInvalid)
	}
	q, err := b.query(q)
	if err != nil {
		return err
	}
	if q.explain {
		if err := s.public.admit(w, r, ScopeRead); err != nil {
			return err
		}
	}
	live, err := s.service.Live()
	if err != nil {
		return err
	}
	if err := s.public.charge(w, r, len(b.Users)-1); err != nil { // the request itself was one
		return err
	}
	readable := s.public.permits(r, ScopeRead)
	ctx, cancel := context.WithTimeout(r.Context(), batchWait)
	defer cancel()
	answers := make([]batchAnswer, len(b.Users))
	var g errgroup.Group
	g.SetLimit(batchParallel)
	for i, raw := range b.Users {
		g.Go(func() error {
			one := q
			one.call.RequestID = idInBatch(requestID(r), i)
			answers[i] = s.answerOne(ctx, raw, one, readable)
			return nil
		})
	}
	_ = g.Wait() // nobody fails: an error stands in its user's place
	s.provenanceOfMany(w, live)
	writeJSON(w, http.StatusOK, map[string]any{"request_id": requestID(r), "answers": answers})
	return nil
}

// idInBatch returns the id of the i-th list of a batch.
func idInBatch(id string, i int) string { return id + "-" + strconv.Itoa(i) }

// listID reports whether id may be that of a list: of a request, or of one of a batch,
// which may be longer.
func listID(id string) bool {
	if plainWord(id) {
		return true
	}
	i := strings.LastIndexByte(id, '-')
	if i < 0 || !plainWord(id[:i]) {
		return false
	}
	n, err := strconv.Atoi(id[i+1:])
	return err == nil && n >= 0 && n < maxBatch && idInBatch(id[:i], n) == id
}

// answerOne returns the list of one user of a batch. A panic is that user's alone.
func (s *Server) answerOne(ctx context.Context, raw json.RawMessage, q query, readable bool) (out batchAnswer) {
	defer func() {
		if p := recover(); p != nil {
			s.metrics.panics.Inc()
			s.log.Error("panic", "request", q.call.RequestID, "panic", fmt.Sprint(p))
			out.Status, out.Error = http.StatusInternalServerError, errInternal
		}
	}()
	user, q, err := readBatchUser(raw, q)
	out.User = user
	var a recommender.Answer
	began := time.Now()
	if err == nil && q.explain && !readable {
		err = fmt.Errorf("reasons take a token of scope %s: %w", ScopeRead, errToken)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		q.call.User = catalog.UserID(user)
		a, err = s.service.Recommend(ctx, q.call)
	}
	if err != nil {
		if ctx.Err() != nil && statusOf(err) == http.StatusInternalServerError {
			err = ctx.Err() // which broke it
		}
		out.Status, out.Error = s.tell(err, "request", q.call.RequestID)
		return out
	}
	s.metrics.list(&a, time.Since(began))
	s.exposeJSON(q, time.Now(), &a)
	l := personal(a, q)
	l.User = q.call.User
	out.Status, out.List = http.StatusOK, &l
	return out
}

// readBatchUser returns the id of an entry of a batch, and what it asks for. An id that
// could be read is returned with the error too.
func readBatchUser(raw json.RawMessage, q query) (string, query, error) {
	var b batchUser
	if err := json.Unmarshal(raw, &b.User); err != nil {
		b.User = ""
		if err := decode(raw, &b); err != nil {
			return b.User, q, fmt.Errorf("want an id or an object with one: %w", err)
		}
	}
	if _, err := catalog.ParseUserID(b.User); err != nil {
		return shortened(b.User), q, err
	}
	q, err := b.query(q)
	return b.User, q, err
}

// shortened returns the beginning of what is no id.
func shortened(id string) string {
	if len(id) > catalog.MaxIDBytes {
		return id[:catalog.MaxIDBytes]
	}
	return id
}
