package stream

import "marquee/catalog"

// An opening is where the reading of a partition begins, and the move that its
// first batch carries if that is not where the sink stands.
type opening struct {
	at     int64
	replay bool
	move   *catalog.Move // of the first batch; nil when there is no need, or no longer
	given  bool          // to a batch that was handed over
}

// newOpening returns the opening of a partition of which held is in the sink.
// With nothing there, or for a replay, reading begins at start, a function that
// is not called otherwise.
func newOpening(held int64, replay bool, start func() (int64, error)) (opening, error) {
	if held > 0 && !replay {
		return opening{at: held}, nil
	}
	at, err := start()
	if err != nil {
		return opening{}, err
	}
	o := opening{at: at, replay: replay}
	if at != held {
		o.move = &catalog.Move{Held: held}
	}
	return o, nil
}

// take returns the move of the batch that is handed over now. Once there is a
// second batch, the first is in the sink and so is its move.
func (o *opening) take() *catalog.Move {
	if o.given {
		o.move = nil
	}
	o.given = o.move != nil
	return o.move
}

// alone reports whether the start is to be handed over though no line is there: in
// the middle of a file, which a run after this one could not find again.
func (o *opening) alone() bool { return o.move != nil && !o.given && !o.replay }

// turn returns where to go when the sink holds held instead of what the last
// batch supposed. Another reader came first: a replay begins where it was to
// begin all the same, any other reading goes on from there.
func (o *opening) turn(held int64) int64 {
	if o.move == nil || !o.replay || held == o.at {
		o.move = nil
		return held
	}
	o.move, o.given = &catalog.Move{Held: held}, false
	return o.at
}
