-- +goose Up

-- The marks of codes that were asked for with an Idempotency-Key and have been deleted: a
-- retry that comes after that must not make another code. Their claims stay in code_retries,
-- with an empty canonical form, and keep the key from being claimed again. Spread by
-- retry_key, beside the claims.
CREATE TABLE deleted_retries (
    retry_key    bytea PRIMARY KEY,
    workspace_id uuid NOT NULL,
    fingerprint  bytea NOT NULL
);
