-- +goose Up

ALTER TABLE offsets ADD COLUMN at BIGINT NOT NULL DEFAULT 0; -- when it last moved, microseconds since 1970
ALTER TABLE offsets ADD COLUMN digest BYTEA;                   -- catalog.Batch.Digest of what came as a whole

ALTER TABLE quarantine ADD COLUMN user_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- whom the line names, if that could be read
CREATE INDEX quarantine_user ON quarantine (user_id) WHERE user_id <> '';

ALTER TABLE unknown_ids ADD COLUMN at BIGINT NOT NULL DEFAULT 0; -- when the catalog API said so

-- How many lines were read in each hour, and what became of them.
CREATE TABLE intake (
    hour    BIGINT NOT NULL,              -- hours since 1970, when the lines were read
    outcome TEXT COLLATE "C" NOT NULL,              -- catalog.Intake.Outcome
    lines   BIGINT NOT NULL,
    PRIMARY KEY (hour, outcome)
);

-- What servers follow, in this order. Numbers are given out under the write lock.
CREATE TABLE changes (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail  TEXT COLLATE "C"                           -- JSON, or null
);
INSERT INTO counters (name, value) VALUES ('changes', 0);

-- The lists that were served, a row each.
CREATE TABLE exposures (
    request_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL,
    experiment TEXT COLLATE "C" NOT NULL,           -- '' for none
    arm        TEXT COLLATE "C" NOT NULL,
    bundle     TEXT COLLATE "C" NOT NULL,
    sequence   BIGINT NOT NULL,
    tier       TEXT COLLATE "C" NOT NULL,
    movies     BYTEA  NOT NULL            -- packed: see exposures.go
);
CREATE INDEX exposures_at ON exposures (at);
CREATE INDEX exposures_user ON exposures (user_id, at);

-- Who was forgotten: nothing but a keyed hash is left of them.
CREATE TABLE tombstones (
    hash BYTEA  NOT NULL PRIMARY KEY,     -- catalog.PersonHash
    at   BIGINT NOT NULL
);
