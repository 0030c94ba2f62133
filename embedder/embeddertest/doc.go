// Package embeddertest is the conformance kit of [embedder.Embedder]: every
// implementation runs [TestEmbedder] in its own tests. [Texts] is what the kit
// embeds, so that an embedder that has to be fitted can be fitted on it.
package embeddertest
