// Package table imports own catalogs: movies, people, ratings and watches from
// JSON lines or CSV, gzipped or not. [Import] matches the columns of the file
// to the fields of catalog by their usual names ("movieId", "movie_id" and
// "Movie ID" are one) or by a column map, reads values leniently where they can
// mean only one thing, and keeps columns without a field in Extra.
//
// Movies go in whole, the file being the catalog, or are merged into known
// movies by their id, IMDb id or TMDB id, which is how outside files enrich a
// catalog. A row that cannot be taken is reported with its line and the reason,
// and the rest go in; importing a file twice gives the same store as once.
package table
