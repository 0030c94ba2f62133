-- +goose Up

-- Who got lists, hour by hour, counted from exposures once the hour is over: see rates.go. An hour is the
-- number of whole hours since 1970.
CREATE TABLE list_hours (
    hour   INTEGER NOT NULL,
    bundle TEXT NOT NULL,
    people INTEGER NOT NULL, -- who got a list, each once
    lists  INTEGER NOT NULL,
    PRIMARY KEY (hour, bundle)
) WITHOUT ROWID;

-- In whose lists a movie was.
CREATE TABLE movie_hours (
    hour     INTEGER NOT NULL,
    bundle   TEXT NOT NULL,
    movie_id TEXT NOT NULL,
    people   INTEGER NOT NULL, -- each once
    PRIMARY KEY (hour, bundle, movie_id)
) WITHOUT ROWID;
