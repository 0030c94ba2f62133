// Package precomputed makes lists for all people beforehand, and serves them.
//
// [Run] asks a model for everyone, in parallel, and keeps each finished chunk of
// people in a file, so that a run that was cut short goes on where it was. The
// [Table] that it returns holds, for each person, the rows of movies, best
// first; it is the same to the bit however many workers there were and however
// often the run was cut short.
//
// The kind "precomputed" is a [Model] over such a table: a list costs a look-up,
// whatever the model behind it costs, but is as old as the table. A new watch
// takes its movie off the list, which the caller does, and changes nothing else;
// whoever has no list gets nothing from it, and a fallback serves.
package precomputed
