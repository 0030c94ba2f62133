// Package trace tells how a list came about, long after it was served: what a server
// writes down of each answer, and how the list is made again from it.
//
// A list follows from the bundle, the changes that were laid over it, and the [Input]:
// the history as it was, who asked and when. Bundle and number of the last change stand
// in the exposure, the input is packed into it. [StateAt] lays on the bundle what the log
// of changes and the versions of movies tell, and [Replay] makes the list anew, on the
// kernel path of the server that made it.
//
// Not every change waits as long as another: what editors hide holds at once, a new movie
// waits for the embedder, and a server may leave some movies out. So a number of a change
// alone does not always say what was laid on. The input has the fingerprint of what was,
// and a list that was made of something else than the log tells is never made anew as
// another one: it is [ErrLost].
package trace
