-- +goose Up

-- Every table is ready to be spread over the nodes of a distributed engine: "codes" by
-- its canonical form, "code_retries" by its key; the others are small and lie whole on every
-- node. So a unique key of a spread table always holds the column that it is spread by,
-- and nothing needs a sequence, a trigger or a reference from one spread table to
-- another.
--
-- Ids are made by the program (UUIDv7). Values are compared byte by byte (COLLATE "C").

CREATE TABLE installation (
    id     smallint PRIMARY KEY CHECK (id = 1),
    secret bytea NOT NULL
);

CREATE TABLE workspaces (
    id           uuid PRIMARY KEY,
    slug         text COLLATE "C" NOT NULL UNIQUE,
    name         text NOT NULL,
    prefix       text NOT NULL,
    groups       integer NOT NULL,
    group_length integer NOT NULL,
    suspended_at timestamptz,
    created_at   timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    name         text NOT NULL,
    role         text NOT NULL,
    hash         bytea NOT NULL UNIQUE,
    display      text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_keys_workspace ON api_keys (workspace_id);

-- The columns of fixed size come first: PostgreSQL then needs no padding between them.
CREATE TABLE codes (
    canonical         text COLLATE "C" PRIMARY KEY,
    workspace_id      uuid NOT NULL,
    created_by        uuid NOT NULL,
    created_at        timestamptz NOT NULL,
    -- A random number of the insert that made the row: after a broken connection it
    -- tells the row from one that somebody else made.
    mark              bigint NOT NULL,
    redemptions       bigint NOT NULL DEFAULT 0,
    max_redemptions   bigint,
    starts_at         timestamptz,
    expires_at        timestamptz,
    revoked_at        timestamptz,
    batch_id          uuid,
    type              text NOT NULL,
    value             text NOT NULL,
    note              text,
    recipient         text,
    metadata          jsonb,
    retry_key         bytea,
    retry_fingerprint bytea
);

-- Which code was asked for with which Idempotency-Key (its digest). A key is claimed here
-- in the transaction that inserts the code.
CREATE TABLE code_retries (
    retry_key bytea PRIMARY KEY,
    canonical text COLLATE "C" NOT NULL,
    mark      bigint NOT NULL -- as in codes
);
