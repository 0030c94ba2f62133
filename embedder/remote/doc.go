// Package remote is an embedder that asks an embeddings server over HTTP, in
// the form of OpenAI's /v1/embeddings, which Ollama, text-embeddings-inference,
// vLLM and others speak too.
//
// What can pass is tried again with exponential back-off and jitter
// (failsafe-go): no connection, no answer in time, 408, 425, 429 and 5xx, not
// before the server's Retry-After. What cannot pass is an error at once, with
// the status and the beginning of the body. Every answer is checked: one vector
// for each text, of one length, finite; vectors are scaled to unit length here.
//
// A server may give other bits for a text when other texts stand beside it or
// another processor works; this package cannot mend that. So remote vectors are
// exempt from the promise that one input gives one bundle, and a cache keeps
// the first ones that came.
package remote
