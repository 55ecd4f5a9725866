-- +goose Up

-- Work that outlives its request. One node at a time works on a job: the holder of its lease, which
-- ends by this database's clock.
CREATE TABLE jobs (
    workspace_id      uuid NOT NULL,
    id                uuid NOT NULL,
    kind              text NOT NULL,
    status            text NOT NULL,
    spec              text NOT NULL, -- what to do, by kind
    cursor            text NOT NULL, -- how far it is, by kind
    done              bigint NOT NULL,
    total             bigint NOT NULL,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz,
    actor_kind        text NOT NULL,
    actor_id          uuid,
    actor_name        text NOT NULL,
    failure           text NOT NULL,
    failures          bigint NOT NULL,
    retry_key         bytea,
    retry_fingerprint bytea,
    turn_at           timestamptz,   -- when its workspace had its last turn
    holder            uuid,          -- the node that works on it; NULL: none
    fence             bigint NOT NULL DEFAULT 0,
    lease_until       timestamptz,
    PRIMARY KEY (workspace_id, id)
);

CREATE UNIQUE INDEX jobs_retry_key ON jobs (workspace_id, retry_key) WHERE retry_key IS NOT NULL;
CREATE INDEX jobs_listed ON jobs (workspace_id, kind, id);
CREATE INDEX jobs_unfinished ON jobs (workspace_id, created_at, id) WHERE finished_at IS NULL;

-- The place of a code in its batch, from 0 on.
ALTER TABLE codes ADD COLUMN batch_index bigint;

CREATE INDEX codes_of_batch ON codes (workspace_id, batch_id, batch_index) WHERE batch_id IS NOT NULL;
