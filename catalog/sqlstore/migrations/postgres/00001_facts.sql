-- +goose Up

CREATE TABLE movies (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    title_key TEXT COLLATE "C" NOT NULL,            -- title with case folded, its first 500 bytes
    imdb_id   TEXT COLLATE "C",
    tmdb_id   BIGINT,
    runtime   BIGINT NOT NULL,                      -- minutes, 0 if unknown
    digest    BYTEA NOT NULL,                       -- SHA-256 of facts
    facts     TEXT NOT NULL                         -- catalog.Movie as JSON
);
CREATE INDEX movies_title ON movies (title_key, id);
CREATE INDEX movies_imdb ON movies (imdb_id) WHERE imdb_id IS NOT NULL;
CREATE INDEX movies_tmdb ON movies (tmdb_id) WHERE tmdb_id IS NOT NULL;

CREATE TABLE users (
    id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL,                          -- SHA-256 of facts
    facts  TEXT NOT NULL                            -- catalog.User as JSON
);

-- One row for each person and movie: what was watched, what was rated, or both.
-- The movie need not be known: a catalog may come later than its events.
CREATE TABLE seen (
    user_id  TEXT COLLATE "C" NOT NULL,
    movie_id TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,                       -- later of last_at and rated_at
    first_at BIGINT,                                -- microseconds since 1970, UTC; null if never watched
    last_at  BIGINT,
    minute   BIGINT,                                -- the furthest
    days     BIGINT NOT NULL,                       -- how many in day_set
    day_set  BYTEA,                                 -- distinct days since 1970, ascending, int32 little endian
    rating   DOUBLE PRECISION,                      -- null if not rated
    rated_at BIGINT,
    PRIMARY KEY (user_id, movie_id),
    CHECK ((first_at IS NULL) = (last_at IS NULL)),
    CHECK ((first_at IS NULL) = (minute IS NULL)),
    CHECK ((rating IS NULL) = (rated_at IS NULL)),
    CHECK (last_at IS NOT NULL OR rated_at IS NOT NULL)
) WITH (fillfactor = 85);                           -- room to update a row on its page

CREATE TABLE accounts (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL                         -- of the first sign-up, microseconds since 1970, UTC
);

-- The newest sequence number of each person whose history grew.
CREATE TABLE activity (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seq     BIGINT NOT NULL
);
CREATE UNIQUE INDEX activity_seq ON activity (seq);

-- The last number given out; it outlives the rows that were numbered.
CREATE TABLE counters (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('activity', 0);

CREATE TABLE offsets (
    source TEXT COLLATE "C" NOT NULL PRIMARY KEY,-- catalog.Batch.Partition
    held   BIGINT NOT NULL                          -- where the next batch begins
);

CREATE TABLE quarantine (
    source   TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,                       -- catalog.Refused.Offset
    reason   TEXT COLLATE "C" NOT NULL,
    line     BYTEA NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (source, position)
);
CREATE INDEX quarantine_at ON quarantine (at);

CREATE TABLE vectors (
    key      BYTEA NOT NULL PRIMARY KEY,            -- catalog.VectorKey
    embedder TEXT COLLATE "C" NOT NULL,
    elements BYTEA NOT NULL                         -- float32 little endian
);
CREATE INDEX vectors_embedder ON vectors (embedder);

-- Ids that the catalog API was asked for and does not know.
CREATE TABLE unknown_ids (
    kind TEXT COLLATE "C" NOT NULL,                 -- movie, user
    id   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE settings (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);
