// Package hnsw is an approximate index: a hierarchical navigable small world
// graph (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor
// search using Hierarchical Navigable Small World graphs", 2016; algorithms 1, 2
// and 4, the heuristic selection of neighbours).
//
// # Layout
//
// Vectors stay where they are, in the slice that the caller shares; links lie in
// one array of fixed slots a row; a set of visited rows is one bit a row. So a
// search allocates nothing but its answer, and touches one short run of memory
// for each row it looks at.
//
// # A build gives the same bytes
//
// Rows go in by batches. The rows of a batch search the graph as it was before
// the batch, in parallel, and compare themselves with each other exactly; then
// every row that gets new links chooses among old and new by itself. Nothing
// depends on which goroutine was first, so the same vectors, kernel path and
// [Config] give the same graph at any GOMAXPROCS.
//
// # Changes
//
// An index never changes once it is built; any number of goroutines search it
// without a lock. Movies that are added, edited or hidden while it serves live
// in a small exact index beside it and in the keep of a search, until the next
// build takes them in.
package hnsw
