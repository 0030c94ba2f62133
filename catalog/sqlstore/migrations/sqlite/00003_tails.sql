-- +goose Up

ALTER TABLE offsets ADD COLUMN tail BLOB;  -- catalog.Batch.Tail of the batch that moved it last
