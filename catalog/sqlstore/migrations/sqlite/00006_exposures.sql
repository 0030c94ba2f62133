-- +goose Up

-- Served lists in the order in which they came, found by an index. As rows of the index itself, which
-- may fill a quarter of a page, each took a page more for what it was made from, and four times as long
-- to store: BenchmarkPutExposures.
CREATE TABLE exposures_as_they_came (
    request_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    user_id    TEXT    NOT NULL,
    experiment TEXT    NOT NULL,           -- '' for none
    arm        TEXT    NOT NULL,
    bundle     TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    tier       TEXT    NOT NULL,
    movies     BLOB    NOT NULL,           -- packed: see packed.go
    input      BLOB                        -- catalog.Exposure.Input, null if it was not kept
);
INSERT INTO exposures_as_they_came (request_id, at, user_id, experiment, arm, bundle, sequence, tier, movies, input)
    SELECT request_id, at, user_id, experiment, arm, bundle, sequence, tier, movies, input FROM exposures ORDER BY at;
DROP TABLE exposures;
ALTER TABLE exposures_as_they_came RENAME TO exposures;
CREATE UNIQUE INDEX exposures_request ON exposures (request_id);
CREATE INDEX exposures_at ON exposures (at);
CREATE INDEX exposures_user ON exposures (user_id, at);
CREATE INDEX exposures_bundle ON exposures (bundle, at);
