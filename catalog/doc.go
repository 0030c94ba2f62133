// Package catalog holds the facts: movies, people, and what people did with
// movies. It imports nothing else of Marquee; everything else imports it.
//
// A movie or a person is named by an opaque string, [MovieID] or [UserID]. The
// service never looks inside one; only the grammar of the event stream
// (catalog/stream) is stricter.
//
// Facts come in through catalog/catalogapi (the catalog API), catalog/movielens
// (a MovieLens folder), catalog/table (own JSON lines or CSV) and
// catalog/stream (events), and are kept by catalog/sqlstore. Whatever is stored
// is a type of this package.
package catalog
