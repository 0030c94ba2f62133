// Package simulator is a small world to try Marquee in: invented movies whose
// plots carry their themes, invented people whose tastes over the themes are
// known, the catalog API that tells of both, and the stream of what the people
// watch, in the exact formats of the outside world, noise included.
//
// Everything follows from a seed: two worlds of one [Config] are equal, and so
// are their streams. Since the truth is known (a movie's themes, a person's
// taste, what each person watched and why), tests can ask whether lists follow
// tastes, and not only whether there are lists.
//
// It is a model, and a simple one. People choose by theme and by fame, follow
// series, stop watching what they do not like and rate some of what they finish;
// they never learn, and tastes do not drift.
package simulator
