// Package dataset keeps data versions: immutable snapshots of all that a
// training run reads, as Parquet files that any tool can open.
//
// # Versions
//
// A version is named by its content: 32 hex digits of a digest over the rating
// scale and every row in a canonical encoding ([Digest]). It does not depend on
// the bytes of the files, so the same rows have the same version on any machine,
// whatever the database, the time, the number of processors or the version of
// the Parquet library. A build that reads a store and a build that reads the
// snapshot of the same rows carry the same version.
//
// # Files
//
// A [Shelf] is a folder with one folder a version. In it stand movies.parquet,
// users.parquet, seen.parquet, accounts.parquet and manifest.json ([Manifest]).
// Times are microseconds of UTC, texts are UTF-8, and null stands for what is
// not known. Columns are compressed by zstd, in row groups of 262,144 rows:
//
//	movies    ascending by id: id, imdb_id, title, original_title, release_date,
//	          collection, overview, tagline, language, status: string;
//	          tmdb_id, vote_count: int64; year, runtime_minutes: int32;
//	          vote_average (0 to 10), popularity, cost_usd: double; adult: boolean;
//	          genres, people, keywords: list of string; extra: string (a JSON object)
//	users     ascending by id: id, gender, occupation: string; age: int32 (years);
//	          extra: string (a JSON object)
//	seen      by user, within one the newest first, ties by movie: user_id,
//	          movie_id: string; seen_at: timestamp; rating: double on the scale of
//	          the manifest, null if not rated; share: double (of the movie, 0 to
//	          1), null if not known; days: int32 (distinct days of watching, 0 if
//	          only rated)
//	accounts  by user and time: user_id: string; created_at: timestamp
//
// A snapshot comes into being whole: files are written and synced in a folder of
// another name, which is renamed last of all. The manifest has the SHA-256 of
// every file and of itself, so a flipped bit is found before a row is read.
//
// # Forgetting
//
// Immutable does not mean for ever: [Shelf.Forget] writes every snapshot that
// holds a person anew without them, under the version of what is left, and
// deletes the old one. What it cannot do is overwrite the sectors of a disk.
package dataset
