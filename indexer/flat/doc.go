// Package flat finds neighbours by looking at every row. It misses nothing, needs
// no building, and keeps each search on the goroutine that asks.
//
// [Index] multiplies the query with every row in float32. [Int8] first looks at
// rows of one byte a value, a quarter of the memory to read, and bounds by how
// much each of these scores can be wrong; only rows that may be among the best k
// are multiplied in float32. Both return the same hits, to the bit.
//
// A scan costs O(rows * dims): some 2 ms for 27,000 rows of 384 with Index, some
// 0.4 ms with Int8 (BenchmarkSearch). For queries that are no movies, such as the
// mean of a history, that is less than a graph needs below some 50,000 rows.
//
// Both take changes while they serve ([indexer.Changer]): a row that changed is left
// out of the scan, and its vector, like those of new rows, is multiplied by itself
// behind it. A thousand such rows add some 60 microseconds to a search.
package flat
