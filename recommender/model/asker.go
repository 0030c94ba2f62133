package model

// An Asker is a model that scores a few chosen movies without a pass over the catalog:
// it takes a history in once, and then says what [Model.Score] would of each row.
type Asker interface {
	Model

	// Ask takes q in. Its basis is that of Score; for None there is no Asked. Whoever
	// asks closes what is returned.
	Ask(q Query) (Asked, Basis)
}

// An Asked is a model that took one query in. One goroutine uses it at a time.
type Asked interface {
	// ScoreRows writes to scores, [len(rows)], what Score writes for these rows, but for
	// rounding and what the model's own comment says: NaN for movies of which it knows
	// nothing.
	ScoreRows(rows []uint32, scores []float32)

	// Moments tells of the scores of all movies that were there when the model was
	// trained; it does not count those behind them, nor those that are NaN.
	Moments() Moments

	// Close gives back what was borrowed. Nothing is to be called after it.
	Close()
}

// Moments are what a mean and a deviation are made of.
type Moments struct {
	N, Sum, Squares float64
}

// A Suggester is an Asker that knows which movies may suit whom, so that only those
// need to be scored.
type Suggester interface {
	Asker

	// Suggest appends to dst at most n rows, the likeliest first, each once. Watched
	// movies may be among them. It takes time proportional to the history, not to the
	// catalog.
	Suggest(q Query, dst []uint32, n int) []uint32
}
