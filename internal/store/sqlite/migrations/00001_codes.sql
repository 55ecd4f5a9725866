-- +goose Up
CREATE TABLE installation (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL
) STRICT;

CREATE TABLE workspaces (
    id           BLOB PRIMARY KEY,
    slug         TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    groups       INTEGER NOT NULL,
    group_length INTEGER NOT NULL,
    suspended_at INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id           BLOB PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (id),
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE,
    display      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT;

CREATE INDEX api_keys_workspace ON api_keys (workspace_id);

-- Times are microseconds since 1970, UTC. Ids are the 16 bytes of a UUID.
-- The table keeps its rowid: new rows are appended to one page after the other, and
-- only the index on the random canonical form is written in scattered places.
CREATE TABLE codes (
    canonical         TEXT PRIMARY KEY,
    workspace_id      BLOB NOT NULL,
    value             TEXT NOT NULL,
    type              TEXT NOT NULL,
    max_redemptions   INTEGER,
    redemptions       INTEGER NOT NULL DEFAULT 0,
    starts_at         INTEGER,
    expires_at        INTEGER,
    revoked_at        INTEGER,
    note              TEXT,
    recipient         TEXT,
    metadata          TEXT,
    batch_id          BLOB,
    created_at        INTEGER NOT NULL,
    created_by        BLOB NOT NULL,
    retry_key         BLOB,
    retry_fingerprint BLOB
) STRICT;

-- One code for one Idempotency-Key; codes without one are not in the index.
CREATE UNIQUE INDEX codes_retry_key ON codes (retry_key) WHERE retry_key IS NOT NULL;
