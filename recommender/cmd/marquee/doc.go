// Marquee recommends movies. This is its one program; "marquee --help" lists the
// commands, and this is the tour of the packages behind them, bottom up.
//
// Facts come in through catalog/movielens, catalog/table, catalog/catalogapi and
// catalog/stream, and lie in catalog/sqlstore (SQLite in one file, or
// PostgreSQL). catalog/stream reads lines from files that grow, from topics
// (catalog/stream/kafka) and from posts (catalog/stream/post), and hands the store
// batches that it takes exactly once; catalog/lookup asks the catalog API for what
// they name. catalog/quality judges the facts, catalog/dataset keeps versions of
// them.
//
// embedder.Document makes a text of each movie; embedder/lsa,
// embedder/minilm or embedder/remote makes a vector of each text, with kernels
// from embedder/vec. indexer/hnsw, indexer/flat or indexer/coderhnsw hold the
// vectors, and indexer.Neighbours the nearest movies of each movie.
//
// Models score movies for a history: recommender/model has their contract, its
// folders one kind each (als, ease, itemknn, userknn, neural, svd, svdpp, rating,
// popular, content), blend their weighted mean, precomputed lists made beforehand.
// recommender/tune searches their settings.
//
// recommender/pipeline puts that into a bundle (recommender/bundle), an
// immutable directory that is published whole. A server follows the pointer to
// the live bundle (recommender.Follower), keeps histories fresh
// (recommender/history), takes in movies that come between two builds
// (recommender/delta), makes lists (recommender/rank), speaks HTTP
// (recommender/httpapi) and keeps what it served (recommender/exposure).
// recommender/eval judges lists.
//
// Only this package knows the concrete types: backends.go has the indexes,
// spaces.go the embedders, kinds.go and models.go the models.
//
// Doubts. A request to the blend asks every part for all movies: milliseconds of
// one core at 27,000 movies, where a merge of neighbours takes 50 microseconds. The
// settings of all models come from one data set of films that people rated in
// sessions. The neighbour table is exact and takes quadratic time: above some
// 200,000 movies it will want the index instead. A person's minutes are folded when
// they are stored, so the store knows when a movie was begun and last seen, not each
// evening in between.
package main
