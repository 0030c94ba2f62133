package httpapi

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Limits bound what a server does at once, and how long. Start from [DefaultLimits].
type Limits struct {
	// Answer is the time within which a contract call is answered, from memory if the
	// list is not there by then. The caller waits for 600 ms: see [DefaultLimits].
	Answer time.Duration
	// Others is the time that any other call may take; then it gets 504.
	Others time.Duration

	// Concurrent is how many lists of contract calls are made at once. One that is late
	// counts until it ends, so that late ones cannot pile up. Other calls have a room of
	// the same size to themselves.
	Concurrent int
	// Reading is how many contract calls wait for the store to tell of people who are not
	// in memory. They take no place of those whose lists are made. More are answered with
	// what is remembered of them, or from memory.
	Reading int
	// Queue is how many calls may wait for room, and Wait how long. After that a
	// contract call is answered from memory, and any other gets 503.
	Queue int
	Wait  time.Duration
}

// DefaultLimits answers within 250 ms: callers wait for 600 ms, a history may take 150 ms
// of the store and neighbours 100 ms of an index elsewhere. A list takes some 0.2 ms of
// one core, so eight for each core wait for an index rather than for cores.
func DefaultLimits() Limits {
	concurrent := 8 * runtime.GOMAXPROCS(0)
	return Limits{
		Answer:     250 * time.Millisecond,
		Others:     5 * time.Second,
		Concurrent: concurrent,
		Reading:    256, // four times what the history cache reads at once
		Queue:      4 * concurrent,
		Wait:       20 * time.Millisecond,
	}
}

// Validate reports every fault in one error.
func (l Limits) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(l.Answer > 0, "time to answer is %v, want more than 0", l.Answer)
	want(l.Others > 0, "time of other calls is %v, want more than 0", l.Others)
	want(l.Concurrent >= 1 && l.Concurrent <= 100_000, "lists made at once is %d, want 1 to 100000", l.Concurrent)
	want(l.Reading >= 0 && l.Reading <= 100_000, "calls that wait for the store is %d, want 0 to 100000", l.Reading)
	want(l.Queue >= 0 && l.Queue <= 1_000_000, "calls that wait is %d, want 0 to 1000000", l.Queue)
	want(l.Wait >= 0 && l.Wait < l.Answer, "time to wait for room is %v, want 0 or more and less than the %v to answer", l.Wait, l.Answer)
	return errors.Join(errs...)
}
