-- +goose Up

-- Work that outlives its request. One node at a time works on a job: the holder of its lease.
CREATE TABLE jobs (
    workspace_id      BLOB NOT NULL,
    id                BLOB NOT NULL,
    kind              TEXT NOT NULL,
    status            TEXT NOT NULL,
    spec              TEXT NOT NULL, -- what to do, by kind
    cursor            TEXT NOT NULL, -- how far it is, by kind
    done              INTEGER NOT NULL,
    total             INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER,
    actor_kind        TEXT NOT NULL,
    actor_id          BLOB,
    actor_name        TEXT NOT NULL,
    failure           TEXT NOT NULL,
    failures          INTEGER NOT NULL,
    retry_key         BLOB,
    retry_fingerprint BLOB,
    turn_at           INTEGER,       -- when its workspace had its last turn
    holder            BLOB,          -- the node that works on it; NULL: none
    fence             INTEGER NOT NULL DEFAULT 0,
    lease_until       INTEGER,
    PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX jobs_retry_key ON jobs (workspace_id, retry_key) WHERE retry_key IS NOT NULL;
CREATE INDEX jobs_listed ON jobs (workspace_id, kind, id);
CREATE INDEX jobs_unfinished ON jobs (workspace_id, created_at, id) WHERE finished_at IS NULL;

-- The place of a code in its batch, from 0 on.
ALTER TABLE codes ADD COLUMN batch_index INTEGER;

CREATE INDEX codes_of_batch ON codes (workspace_id, batch_id, batch_index) WHERE batch_id IS NOT NULL;
