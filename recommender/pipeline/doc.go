// Package pipeline makes bundles from facts: it reads movies and histories once,
// embeds what is new, builds the index and the neighbour table, counts what all
// people together say, and refuses what does not come up to its floor.
package pipeline
