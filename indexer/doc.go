// Package indexer finds the nearest neighbours of a vector. It has one
// contract, [Index], several implementations (indexer/flat, indexer/hnsw,
// indexer/coderhnsw) and one conformance kit for them all (indexer/indexertest).
//
// Inside an index a movie is a dense row, from 0; which movie a row is, is known
// to the bundle that holds the index. Scores are inner products of unit vectors
// (cosines): they grow with nearness, -1 to 1.
package indexer
