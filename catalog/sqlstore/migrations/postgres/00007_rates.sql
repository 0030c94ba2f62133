-- +goose Up

-- Who got lists, hour by hour, counted from exposures once the hour is over: see rates.go. An hour is the
-- number of whole hours since 1970.
CREATE TABLE list_hours (
    hour   BIGINT NOT NULL,
    bundle TEXT COLLATE "C" NOT NULL,
    people BIGINT NOT NULL, -- who got a list, each once
    lists  BIGINT NOT NULL,
    PRIMARY KEY (hour, bundle)
);

-- In whose lists a movie was.
CREATE TABLE movie_hours (
    hour     BIGINT NOT NULL,
    bundle   TEXT COLLATE "C" NOT NULL,
    movie_id TEXT COLLATE "C" NOT NULL,
    people   BIGINT NOT NULL, -- each once
    PRIMARY KEY (hour, bundle, movie_id)
);
