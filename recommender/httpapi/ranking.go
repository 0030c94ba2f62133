package httpapi

import (
	"cmp"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"marquee/recommender"
	"marquee/recommender/rank"
)

// A ranking is the list of one contract call while it is made. Of somebody who is to be
// read from the store it is made on a goroutine that is not the caller's, which may leave
// before it ends. Of all others it is made by the caller, who spares the hand-over from one
// goroutine to another and back; should it be late, another one answers in place of the
// caller: see [ranking.overdue].
type ranking struct {
	server *Server
	ctx    *deadline
	call   recommender.Call
	person recommender.Person
	nobody bool // the request named nobody
	reads  bool // the person is to be read, for which a place in the room of those was taken

	answer recommender.Answer
	shed   string // there was no room to make it
	err    error

	done chan struct{} // has one value once answer, shed and err are there; if overdue, once it has answered
	late *time.Timer   // of a caller who waits

	watch   *time.Timer   // calls overdue, of a caller who makes the list
	turn    atomic.Int32  // who answers
	rec     *recorder     // what overdue answers
	request *http.Request // likewise
}

// The turns of a ranking that its caller makes.
const (
	turnOpen   int32 = iota // the list is being made
	turnCaller              // it was there in time
	turnLate                // it was not
)

// run makes the list for a caller who waits.
func (k *ranking) run() {
	defer func() { k.done <- struct{}{} }()
	k.make()
}

// make makes the list.
func (k *ranking) make() {
	defer func() {
		if p := recover(); p != nil {
			k.server.panicked(k.call.RequestID, p)
			k.err = fmt.Errorf("panic: %v", p)
		}
		k.ctx.end()
	}()
	if k.reads {
		k.read()
		if !time.Now().Before(k.ctx.at) { // nobody waits any more
			k.shed = shedDeadline
			return
		}
		if !k.server.contract.enter() {
			k.shed = shedOverload
			return
		}
	}
	k.rank()
}

// read reads the person from the store, and leaves the room that was entered for it.
func (k *ranking) read() {
	defer k.server.reading.leave()
	k.server.service.Read(k.ctx, k.call.User, &k.person)
}

// rank makes the list of what is known, and leaves the room that was entered for it.
func (k *ranking) rank() {
	defer k.server.contract.leave()
	if k.nobody {
		k.answer, k.err = k.server.service.Popular(k.call)
	} else {
		k.answer, k.err = k.server.service.Recommend(k.ctx, k.call)
	}
}

// enter takes a place for k: of those whose lists are made if what is remembered of the
// person is fresh, or there is none among those that are read. It reports whether there
// was one.
func (k *ranking) enter() bool {
	s := k.server
	if !k.nobody {
		k.call.Person = &k.person
		fresh, known := s.service.Recall(k.call.User, &k.person)
		if !fresh && s.reading.enter() {
			k.reads = true
			return true
		}
		if !known {
			return false
		}
	}
	return s.contract.enter()
}

// Why a list was made from memory instead of the way that it should be.
const (
	shedOverload = "overload" // too many are made
	shedDeadline = "deadline" // it was not there in time
	shedFailure  = "failure"  // making it failed
)

// answer answers the plain call of rec with a list for its user, or, for a request that
// named nobody, with the popular one. That is written by [Limits.Answer] after the request
// began, from memory if need be. Only without a bundle it is an error.
func (s *Server) answer(rec *recorder, r *http.Request, nobody bool) {
	k := s.rankings.Get().(*ranking)
	k.ctx = &deadline{Context: r.Context(), at: rec.began.Add(s.cfg.Limits.Answer)}
	k.call = recommender.Call{User: rec.user, RequestID: rec.id, N: rank.MaxList}
	k.nobody = nobody
	switch {
	case !k.enter():
		k.reset()
		s.fallback(rec, r, shedOverload)
	case k.reads:
		k.wait(rec, r)
	default:
		k.here(rec, r)
	}
}

// wait lets a worker make the list, and answers once it is there or late.
func (k *ranking) wait(rec *recorder, r *http.Request) {
	s := k.server
	k.late.Reset(time.Until(k.ctx.at))
	s.begin(k)
	select {
	case <-k.done:
		k.late.Stop()
		rec.ranking = k
		k.write(rec, r)
	case <-k.late.C: // k is its goroutine's from here on
		s.fallback(rec, r, shedDeadline)
	}
}

// here makes the list and answers, unless it was late.
func (k *ranking) here(rec *recorder, r *http.Request) {
	k.rec, k.request = rec, r
	k.turn.Store(turnOpen)
	k.watch.Reset(time.Until(k.ctx.at))
	k.make()
	if !k.turn.CompareAndSwap(turnOpen, turnCaller) {
		<-k.done
		rec.left = true
		k.reset()
		return
	}
	if k.watch.Stop() { // else overdue may look at k yet
		rec.ranking = k
	}
	k.write(rec, r)
}

// overdue answers from memory in place of a caller who makes a list that is late, and ends
// the request for log, metrics and exposures. The connection takes no other request, which
// would wait for the caller.
func (k *ranking) overdue() {
	if !k.turn.CompareAndSwap(turnOpen, turnLate) {
		return
	}
	rec, s := k.rec, k.server
	defer func() { k.done <- struct{}{} }()
	defer func() { // net/http, which catches what breaks on the caller's goroutine, does not here
		if p := recover(); p != nil {
			s.panicked(rec.id, p)
		}
	}()
	defer func() { s.ended(rec, k.request, recover()) }()
	rec.apart = true
	s.fallback(rec, k.request, shedDeadline)
	_ = http.NewResponseController(rec.ResponseWriter).Flush() // the client may have gone
	answered(k.request.Context())
}

// write answers with the list that was made, or from memory if there is none.
func (k *ranking) write(rec *recorder, r *http.Request) {
	if k.err == nil && k.shed == "" {
		rec.writeList(k.server, &k.answer, "")
		return
	}
	k.server.fallback(rec, r, cmp.Or(k.shed, shedFailure))
}

// fallback answers from memory, since shed.
func (s *Server) fallback(rec *recorder, r *http.Request, shed string) {
	a, err := s.service.Fallback(rec.user, rank.MaxList)
	if err != nil {
		// No bundle at all: the one thing that leaves nothing to answer with.
		s.fail(rec, r, err)
		return
	}
	rec.writeList(s, &a, shed)
}

// reset makes k ready for another call.
func (k *ranking) reset() {
	k.ctx, k.call, k.nobody, k.reads = nil, recommender.Call{}, false, false
	k.person.Reset()
	k.answer, k.shed, k.err = recommender.Answer{}, "", nil
	k.rec, k.request = nil, nil
	k.server.rankings.Put(k)
}

// newRanking returns one that is ready to be used.
func (s *Server) newRanking() any {
	k := &ranking{server: s, done: make(chan struct{}, 1), late: time.NewTimer(time.Hour)}
	k.late.Stop()
	k.watch = time.AfterFunc(time.Hour, k.overdue)
	k.watch.Stop()
	return k
}

// panicked tells of a panic.
func (s *Server) panicked(id string, p any) {
	s.log.Error("panic", "request", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	s.metrics.panics.Inc()
}
