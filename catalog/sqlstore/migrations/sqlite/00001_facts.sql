-- +goose Up

-- "MARQ": tells a store of Marquee from other programs' files.
PRAGMA application_id = 1296126545;

CREATE TABLE movies (
    id        TEXT    NOT NULL PRIMARY KEY,
    title_key TEXT    NOT NULL,            -- title with case folded, its first 500 bytes
    imdb_id   TEXT,
    tmdb_id   INTEGER,
    runtime   INTEGER NOT NULL,            -- minutes, 0 if unknown
    digest    BLOB    NOT NULL,            -- SHA-256 of facts
    facts     TEXT    NOT NULL             -- catalog.Movie as JSON
);
CREATE INDEX movies_title ON movies (title_key, id);
CREATE INDEX movies_imdb ON movies (imdb_id) WHERE imdb_id IS NOT NULL;
CREATE INDEX movies_tmdb ON movies (tmdb_id) WHERE tmdb_id IS NOT NULL;

CREATE TABLE users (
    id     TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL,                  -- SHA-256 of facts
    facts  TEXT NOT NULL                   -- catalog.User as JSON
) WITHOUT ROWID;

-- One row for each person and movie: what was watched, what was rated, or both.
-- The movie need not be known: a catalog may come later than its events.
CREATE TABLE seen (
    user_id  TEXT    NOT NULL,
    movie_id TEXT    NOT NULL,
    at       INTEGER NOT NULL,             -- later of last_at and rated_at
    first_at INTEGER,                      -- microseconds since 1970, UTC; null if never watched
    last_at  INTEGER,
    minute   INTEGER,                      -- the furthest
    days     INTEGER NOT NULL,             -- how many in day_set
    day_set  BLOB,                         -- distinct days since 1970, ascending, int32 little endian
    rating   REAL,                         -- null if not rated
    rated_at INTEGER,
    PRIMARY KEY (user_id, movie_id),
    CHECK ((first_at IS NULL) = (last_at IS NULL)),
    CHECK ((first_at IS NULL) = (minute IS NULL)),
    CHECK ((rating IS NULL) = (rated_at IS NULL)),
    CHECK (last_at IS NOT NULL OR rated_at IS NOT NULL)
) WITHOUT ROWID;

CREATE TABLE accounts (
    user_id TEXT    NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL               -- of the first sign-up, microseconds since 1970, UTC
) WITHOUT ROWID;

-- The newest sequence number of each person whose history grew.
CREATE TABLE activity (
    user_id TEXT    NOT NULL PRIMARY KEY,
    seq     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX activity_seq ON activity (seq);

-- The last number given out; it outlives the rows that were numbered.
CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('activity', 0);

CREATE TABLE offsets (
    source TEXT    NOT NULL PRIMARY KEY,   -- catalog.Batch.Partition
    held   INTEGER NOT NULL                -- where the next batch begins
) WITHOUT ROWID;

CREATE TABLE quarantine (
    source   TEXT    NOT NULL,
    position INTEGER NOT NULL,             -- catalog.Refused.Offset
    reason   TEXT    NOT NULL,
    line     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (source, position)
);
CREATE INDEX quarantine_at ON quarantine (at);

CREATE TABLE vectors (
    key      BLOB NOT NULL PRIMARY KEY,    -- catalog.VectorKey
    embedder TEXT NOT NULL,
    elements BLOB NOT NULL                 -- float32 little endian
);
CREATE INDEX vectors_embedder ON vectors (embedder);

-- Ids that the catalog API was asked for and does not know.
CREATE TABLE unknown_ids (
    kind TEXT NOT NULL,                    -- movie, user
    id   TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
