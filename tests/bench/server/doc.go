// Package server times the whole server beside a gorilla/mux handler that writes a fixed
// list, both asked by wrk and then at a constant rate, in one run on one machine:
//
//	make bench-server
//
// The server keeps exposures and counts metrics; no answer is reused. Its world is
// invented: 27,000 movies and 20,000 people who watched 20 of them, with every model in
// the blend.
package server
