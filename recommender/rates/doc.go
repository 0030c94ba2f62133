// Package rates finds movies that are recommended to many more people than before, or to
// many fewer, from hourly counts ([catalog.MovieHour]), and tells the moves that came with
// a new bundle from those that did not.
//
// Every hour the last 24 hours of a movie are compared with the seven spans of 24 hours before
// them. All spans hold each hour of the day once, so a daily rhythm of the traffic or of the
// movie cancels. Counts vary more than those of Poisson: how much more is estimated for each
// movie from its own seven spans, drawn to what movies of its size do (dispersion.go).
// What is improbable beyond a bound that leaves less than one false alarm a day, of all
// movies and all 24 looks of it, is an alarm: once, until the movie is calm again.
//
// The counts are of person-hours: whoever comes back in another hour counts again.
package rates
