// Package report writes HTML pages with tables and charts that stand on their
// own: one file, no script, nothing fetched from elsewhere, readable on a light
// and a dark screen, on paper and by a screen reader.
//
// Charts are drawn by gonum.org/v1/plot as SVG and put into the page inline,
// after [sanitise] has let through only the elements, attributes and styles that
// a chart needs; colours and fonts come from the page's style sheet, so that they
// follow its theme. Beside every chart stands the table of its figures.
//
// Every text may hold anything: titles, ids and labels come from outside. They
// are escaped, and the page's own content security policy forbids scripts
// besides.
package report
