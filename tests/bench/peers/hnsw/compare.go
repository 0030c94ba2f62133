package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

const (
	// widest is the greatest ef that is tried.
	widest = 4096
	// turn is how long one side answers before the other has its turn, at least:
	// long beside the switch, short beside what else happens on the machine.
	turn = 50 * time.Millisecond
)

// A result is one kind of query at one recall.
type result struct {
	kind   string
	target float64
	sides  []standing // ours first
}

// A standing is one side's part of a result.
type standing struct {
	name   string
	built  build
	ef     int     // the least that reaches the target
	recall float64 // reached with it
	passes int     // of all queries in one turn
	qps    []float64
}

// compare builds the indexes of n rows and has them answer in turns.
func (c config) compare(ctx context.Context, n int) (_ []result, err error) {
	folder, err := os.MkdirTemp("", "peers")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	w, err := newWorld(ctx, n, c.dims, c.asked, c.vectors)
	if err != nil {
		return nil, err
	}
	o, err := newOwn(ctx, w)
	if err != nil {
		return nil, err
	}
	sides := []side{o}
	if c.python != "" {
		if err := w.write(folder); err != nil {
			return nil, err
		}
		r, err := newRival(ctx, w, c.python, folder)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, r.end()) }()
		sides = append(sides, r)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.GC()
	results, err := settle(ctx, w, sides)
	if err != nil {
		return nil, err
	}
	return results, race(ctx, sides, results, c.asked, c.rounds)
}

// settle finds each side's ef for each kind and target, and the passes of a turn.
func settle(ctx context.Context, w *world, sides []side) ([]result, error) {
	var results []result
	for _, kind := range kinds {
		for _, target := range targets {
			r := result{kind: kind, target: target}
			for _, s := range sides {
				st := standing{name: s.name(), built: s.built()}
				var err error
				st.ef, st.recall, err = leastEf(target, func(ef int) (float64, error) {
					rows, err := s.find(ctx, kind, ef)
					if err != nil {
						return 0, err
					}
					return w.recall(kind, rows), nil
				})
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", s.name(), kind, err)
				}
				took, err := s.time(ctx, kind, st.ef, 1)
				if err != nil {
					return nil, err
				}
				st.passes = 1 + int(turn/max(took, time.Microsecond))
				r.sides = append(r.sides, st)
			}
			results = append(results, r)
		}
	}
	return results, nil
}

// leastEf returns the least ef, of k or more, whose recall reaches the target, and
// that recall. It halves the range, as if recall never fell when ef grows; where it
// does by a little, the ef returned reaches the target all the same.
func leastEf(target float64, recall func(ef int) (float64, error)) (ef int, reached float64, err error) {
	low, high := k, k // the answer is low or more
	for {
		if reached, err = recall(high); err != nil {
			return 0, 0, err
		}
		if reached >= target {
			break
		}
		if high >= widest {
			return 0, 0, fmt.Errorf("recall %.4f with ef %d, want %.2f", reached, high, target)
		}
		low, high = high+1, 2*high
	}
	for low < high {
		middle := (low + high) / 2
		r, err := recall(middle)
		if err != nil {
			return 0, 0, err
		}
		if r >= target {
			high, reached = middle, r
		} else {
			low = middle + 1
		}
	}
	return high, reached, nil
}

// race fills in the queries a second of every round. Who goes first changes from
// round to round.
func race(ctx context.Context, sides []side, results []result, asked, rounds int) error {
	for round := range rounds {
		for _, r := range results {
			for i := range sides {
				at := (i + round) % len(sides)
				s, st := sides[at], &r.sides[at]
				took, err := s.time(ctx, r.kind, st.ef, st.passes)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", st.name, r.kind, err)
				}
				st.qps = append(st.qps, float64(asked*st.passes)/took.Seconds())
			}
		}
	}
	return nil
}
