-- +goose Up

-- The marks of codes that were asked for with an Idempotency-Key and have been deleted: a
-- retry that comes after that must not make another code.
CREATE TABLE deleted_retries (
    retry_key    BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL,
    fingerprint  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
