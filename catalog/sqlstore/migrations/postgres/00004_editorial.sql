-- +goose Up

-- The movies that are not to be listed; none of them need be known.
CREATE TABLE hidden_movies (
    movie_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,              -- since when, microseconds since 1970, UTC
    note     TEXT COLLATE "C" NOT NULL     -- why, or ''
);

-- An editor's word on the neighbours of a movie.
CREATE TABLE neighbour_corrections (
    movie_id TEXT COLLATE "C" NOT NULL,
    other_id TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,    -- catalog.CorrectionKind
    at       BIGINT NOT NULL,
    note     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (movie_id, other_id)
);

-- The facts of movies as they were: from change since_seq on, before change until_seq.
CREATE TABLE movie_versions (
    until_seq BIGINT NOT NULL PRIMARY KEY, -- the change that replaced or removed them, which is of one movie
    movie_id  TEXT COLLATE "C" NOT NULL,
    since_seq BIGINT NOT NULL,             -- the change that brought them
    at        BIGINT NOT NULL,             -- of change until_seq
    facts     TEXT NOT NULL                -- catalog.Movie as JSON
);
CREATE INDEX movie_versions_movie ON movie_versions (movie_id, until_seq);

-- The change that brought the facts: the last of the movie in the log, or, where the log does not reach
-- back to it, the newest there is, since they are known from then on at least.
ALTER TABLE movies ADD COLUMN since_seq BIGINT NOT NULL DEFAULT 0;
UPDATE movies SET since_seq = (SELECT value FROM counters WHERE name = 'changes');
UPDATE movies SET since_seq = told.seq
    FROM (SELECT subject, MAX(seq) AS seq FROM changes WHERE kind = 'movie' GROUP BY subject) AS told
    WHERE told.subject = movies.id;

ALTER TABLE exposures ADD COLUMN input BYTEA; -- catalog.Exposure.Input, null if it was not kept
CREATE INDEX exposures_bundle ON exposures (bundle, at);
