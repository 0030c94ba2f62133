package model

// A RowAsker is an [Asker] that takes less time where it is known from the start which
// rows are to be scored: one made of parts is done with the working memory of each before
// it turns to the next, and asks each once for all rows.
type RowAsker interface {
	Asker

	// AskRows is Ask, and then ScoreRows of rows. What it returns may score others too,
	// but takes the history in anew for them.
	AskRows(q Query, rows []uint32, scores []float32) (Asked, Basis)
}

// AskRows asks m for the scores of rows: by its own AskRows if it is a [RowAsker], else by
// Ask and ScoreRows.
func AskRows(m Asker, q Query, rows []uint32, scores []float32) (Asked, Basis) {
	if a, ok := m.(RowAsker); ok {
		return a.AskRows(q, rows, scores)
	}
	asked, basis := m.Ask(q)
	if basis == None {
		return nil, None
	}
	asked.ScoreRows(rows, scores)
	return asked, basis
}
