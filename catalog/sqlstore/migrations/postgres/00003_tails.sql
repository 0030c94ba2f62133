-- +goose Up

ALTER TABLE offsets ADD COLUMN tail BYTEA; -- catalog.Batch.Tail of the batch that moved it last
