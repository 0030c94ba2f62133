// Package page shows a report of package eval as one HTML page that needs nothing
// else: no script, no other file, readable offline, on a light and a dark screen
// and on paper.
//
//	err := page.Write(w, report, page.Options{Behaviour: tests})
//
// The page has the models with their intervals, best first, the comparison with
// the baseline person by person, accuracy against coverage, accuracy by length of
// the list, where the places of the lists go, accuracy by slice, what was wrong,
// and how to read it all. What a report does not have is left out. Names of models
// and slices may hold anything; package catalog/report escapes them.
package page
