-- +goose Up

-- What people did about movies that they were shown.
CREATE TABLE feedback (
    user_id    TEXT COLLATE "C" NOT NULL,
    movie_id   TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL, -- catalog.FeedbackKind
    request_id TEXT COLLATE "C" NOT NULL, -- '' if it is about no list
    at         BIGINT NOT NULL, -- of the first click or watch, of the last opinion
    PRIMARY KEY (user_id, movie_id, kind, request_id)
);
CREATE INDEX feedback_at ON feedback (at);

-- The last of a person's likes, dislikes and dismissals of a movie; it outlives the feedback it came with.
CREATE TABLE opinions (
    user_id  TEXT COLLATE "C" NOT NULL,
    movie_id TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (user_id, movie_id)
);

-- What people say of their taste; both texts '' if they took it back.
CREATE TABLE preferences (
    user_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    liked    TEXT COLLATE "C" NOT NULL,
    disliked TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL
);

CREATE TABLE experiments (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    definition TEXT COLLATE "C" NOT NULL -- catalog.Experiment as JSON
);

-- Who began to watch what, by time: see trending.go.
CREATE INDEX seen_first ON seen (first_at, movie_id) WHERE first_at IS NOT NULL;
