// Package embedder turns text into vectors. It has one contract, [Embedder],
// and several implementations: embedder/minilm (all-MiniLM-L6-v2 in process),
// embedder/lsa (fitted on the catalog, no download) and embedder/remote (an
// embeddings HTTP API). [Document] composes a movie's text, in this one place.
//
// A vector means something only beside vectors of the same [ID]; equal length
// is no proof. The ID is kept beside every vector, and two IDs never meet.
package embedder
