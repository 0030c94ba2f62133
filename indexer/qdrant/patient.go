package qdrant

import "marquee/indexer"

var _ indexer.Waiter = (*Index)(nil)

// Patiently implements [indexer.Waiter]: it is [Index.Patient].
func (ix *Index) Patiently() indexer.Index { return ix.Patient() }
