package indexer

// A Waiter is an index elsewhere, whose searches give up soon as long as somebody waits
// for the answer.
type Waiter interface {
	Index

	// Patiently returns the same index with searches that are tried again, each attempt
	// with all the time there is: for work that nobody waits for.
	Patiently() Index
}

// Patiently returns ix as it is best asked by work that nobody waits for, such as a
// measurement: patient if it is a [Waiter], else as it is.
func Patiently(ix Index) Index {
	if w, ok := ix.(Waiter); ok {
		return w.Patiently()
	}
	return ix
}

// Patiently implements [Waiter].
func (b *beside) Patiently() Index { return &beside{Patiently(b.base), b.tail} }
