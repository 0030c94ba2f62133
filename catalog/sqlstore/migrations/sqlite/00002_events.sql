-- +goose Up

ALTER TABLE offsets ADD COLUMN at INTEGER NOT NULL DEFAULT 0; -- when it last moved, microseconds since 1970
ALTER TABLE offsets ADD COLUMN digest BLOB;                   -- catalog.Batch.Digest of what came as a whole

ALTER TABLE quarantine ADD COLUMN user_id TEXT NOT NULL DEFAULT ''; -- whom the line names, if that could be read
CREATE INDEX quarantine_user ON quarantine (user_id) WHERE user_id <> '';

ALTER TABLE unknown_ids ADD COLUMN at INTEGER NOT NULL DEFAULT 0; -- when the catalog API said so

-- How many lines were read in each hour, and what became of them.
CREATE TABLE intake (
    hour    INTEGER NOT NULL,              -- hours since 1970, when the lines were read
    outcome TEXT    NOT NULL,              -- catalog.Intake.Outcome
    lines   INTEGER NOT NULL,
    PRIMARY KEY (hour, outcome)
) WITHOUT ROWID;

-- What servers follow, in this order. Numbers are given out under the write lock.
CREATE TABLE changes (
    seq     INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT                           -- JSON, or null
);
INSERT INTO counters (name, value) VALUES ('changes', 0);

-- The lists that were served, a row each.
CREATE TABLE exposures (
    request_id TEXT    NOT NULL PRIMARY KEY,
    at         INTEGER NOT NULL,
    user_id    TEXT    NOT NULL,
    experiment TEXT    NOT NULL,           -- '' for none
    arm        TEXT    NOT NULL,
    bundle     TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    tier       TEXT    NOT NULL,
    movies     BLOB    NOT NULL            -- packed: see exposures.go
) WITHOUT ROWID;
CREATE INDEX exposures_at ON exposures (at);
CREATE INDEX exposures_user ON exposures (user_id, at);

-- Who was forgotten: nothing but a keyed hash is left of them.
CREATE TABLE tombstones (
    hash BLOB    NOT NULL PRIMARY KEY,     -- catalog.PersonHash
    at   INTEGER NOT NULL
) WITHOUT ROWID;
