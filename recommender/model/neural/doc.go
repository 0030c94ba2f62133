// Package neural recommends by a small network that is trained on histories to
// name what people watched next.
package neural
