// Package indexertest holds what every index is judged by: one conformance kit
// ([TestIndex], [TestChanges]), benchmarks that put recall beside time ([Benchmark],
// [BenchmarkChurn]) and one seeded world that all use ([Clustered]).
//
// The kit judges by a naive scan of its own in float64, so that a mistake in the
// kernels or in indexer/flat cannot hide itself.
package indexertest
