// Package trace tells how a list came about, long after it was served: what a server
// writes down of each answer, and how the list is made again from it.
//
// A list follows from the bundle, the changes that were laid over it, and the [Input]:
// the history as it was, who asked and when. Bundle and number of the last change stand
// in the exposure, the input is packed into it. [Replay] loads the bundle, lays on it what
// the log of changes and the versions of movies tell, and makes the list anew, on the
// kernel path that the bundle was built with.
package trace
