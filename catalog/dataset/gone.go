package dataset

import (
	"iter"

	"marquee/catalog"
)

// leaveOut yields the rows of in without those of people for whom gone, which may
// be nil, returns true. It asks once for each run of rows of one person.
func leaveOut[V, R any](k *kind[V, R], in iter.Seq2[V, error], gone func(catalog.UserID) bool) iter.Seq2[V, error] {
	if gone == nil || k.person == nil {
		return in
	}
	return func(yield func(V, error) bool) {
		last, leave := catalog.UserID(""), false // no id is empty
		for v, err := range in {
			if err == nil {
				if p := k.person(&v); p != last {
					last, leave = p, gone(p)
				}
				if leave {
					continue
				}
			}
			if !yield(v, err) {
				return
			}
		}
	}
}
