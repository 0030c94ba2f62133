package catalog

// A VectorKey is the SHA-256 of an embedder's ID and a text; equal keys mean
// equal vectors.
type VectorKey [32]byte

// A Vector is a text's vector as it is kept in the store, so that a text is
// embedded once for each embedder.
type Vector struct {
	Key      VectorKey
	Embedder string // the embedder's ID, for clearing out old ones
	Values   []float32
}
