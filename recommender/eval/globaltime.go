package eval

import (
	"fmt"
	"slices"
	"time"

	"marquee/catalog"
)

// GlobalTime holds out all that happened at t or after it, of everyone: train is
// before t, the truth from t on. It is how a service that was trained at t would
// have done, so people and movies that came later stand in the truth alone; the
// report counts them. If either part would be empty, the error wraps [ErrSplit].
// Its Inner cuts off the same share of the training part by time.
func GlobalTime(d *Data, t time.Time) (*Split, error) {
	at := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		at++ // histories are in whole microseconds, and those of at lie before t
	}
	return globalTime(d, at)
}

// GlobalTimeShare is [GlobalTime] at the latest time that leaves at least the
// given share of what happened to the truth. The share must lie between 0 and 1,
// both excluded; else the error wraps [catalog.ErrInvalid].
func GlobalTimeShare(d *Data, share float64) (*Split, error) {
	if !(share > 0 && share < 1) {
		return nil, fmt.Errorf("share to hold out is %v, want more than 0 and less than 1: %w", share, catalog.ErrInvalid)
	}
	at, ok := latest(d, share)
	if !ok {
		return nil, fmt.Errorf("nothing happened, so no time divides it; read events or import ratings first: %w", ErrSplit)
	}
	return globalTime(d, at)
}

// latest returns the time of [GlobalTimeShare], in microseconds.
func latest(d *Data, share float64) (at int64, ok bool) {
	times := make([]int64, 0, d.Interactions())
	for _, u := range d.Users {
		for _, s := range u.Seen {
			times = append(times, s.At)
		}
	}
	if len(times) == 0 {
		return 0, false
	}
	slices.Sort(times)
	return times[len(times)-max(1, heldOut(len(times), share))], true
}

func globalTime(d *Data, at int64) (*Split, error) {
	s := globalCut(d, at)
	when := time.UnixMicro(at).UTC().Format(time.RFC3339)
	s.Protocol = "all from " + when + " on"
	train, all := s.Train.Interactions(), d.Interactions()
	if train == 0 || train == all {
		return nil, fmt.Errorf("%d of %d interactions are before %s, want some before and some after it: %w", train, all, when, ErrSplit)
	}
	share := 1 - float64(train)/float64(all)
	s.again = func(d *Data) *Split { return globalShare(d, share) }
	return s, nil
}

// globalShare is GlobalTimeShare of a training part, where nothing can be left of
// a part of one moment.
func globalShare(d *Data, share float64) *Split {
	at, _ := latest(d, share)
	s := globalCut(d, at)
	s.Protocol = "all from " + time.UnixMicro(at).UTC().Format(time.RFC3339) + " on"
	s.again = func(d *Data) *Split { return globalShare(d, share) }
	return s
}

func globalCut(d *Data, at int64) *Split {
	return cut(d, func(u UserHistory, held []bool) {
		for i, s := range u.Seen {
			held[i] = s.At >= at
		}
	})
}
