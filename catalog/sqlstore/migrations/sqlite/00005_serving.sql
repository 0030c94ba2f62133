-- +goose Up

-- What people did about movies that they were shown.
CREATE TABLE feedback (
    user_id    TEXT    NOT NULL,
    movie_id   TEXT    NOT NULL,
    kind       TEXT    NOT NULL,           -- catalog.FeedbackKind
    request_id TEXT    NOT NULL,           -- '' if it is about no list
    at         INTEGER NOT NULL,           -- of the first click or watch, of the last opinion
    PRIMARY KEY (user_id, movie_id, kind, request_id)
) WITHOUT ROWID;
CREATE INDEX feedback_at ON feedback (at);

-- The last of a person's likes, dislikes and dismissals of a movie; it outlives the feedback it came with.
CREATE TABLE opinions (
    user_id  TEXT    NOT NULL,
    movie_id TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (user_id, movie_id)
) WITHOUT ROWID;

-- What people say of their taste; both texts '' if they took it back.
CREATE TABLE preferences (
    user_id  TEXT    NOT NULL PRIMARY KEY,
    liked    TEXT    NOT NULL,
    disliked TEXT    NOT NULL,
    at       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE experiments (
    name       TEXT NOT NULL PRIMARY KEY,
    definition TEXT NOT NULL               -- catalog.Experiment as JSON
);

-- Who began to watch what, by time: see trending.go.
CREATE INDEX seen_first ON seen (first_at, movie_id) WHERE first_at IS NOT NULL;
