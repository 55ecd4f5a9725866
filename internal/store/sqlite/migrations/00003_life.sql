-- +goose Up

-- Reservations that are stored as held. Some of them may have lapsed: what counts as
-- reserved is counted in the table below whenever this is not 0.
ALTER TABLE codes ADD COLUMN reservations INTEGER NOT NULL DEFAULT 0;

-- Lists are read from these, newest first, type by type. The partial ones are for what few
-- codes have; they cost nothing for the others.
CREATE INDEX codes_listed ON codes (workspace_id, type, created_at, canonical);
CREATE INDEX codes_batch ON codes (workspace_id, batch_id, type, created_at, canonical) WHERE batch_id IS NOT NULL;
CREATE INDEX codes_revoked ON codes (workspace_id, type, created_at, canonical) WHERE revoked_at IS NOT NULL;
CREATE INDEX codes_expiring ON codes (workspace_id, type, created_at, canonical) WHERE expires_at IS NOT NULL;
CREATE INDEX codes_starting ON codes (workspace_id, type, created_at, canonical) WHERE starts_at IS NOT NULL;
CREATE INDEX codes_note ON codes (workspace_id, lower(note)) WHERE note IS NOT NULL;
CREATE INDEX codes_recipient ON codes (workspace_id, lower(recipient)) WHERE recipient IS NOT NULL;

-- The tables below have no rowid: their keys grow (UUIDv7), or are looked up with the
-- whole row. Indexes end in the key.
CREATE TABLE users (
    workspace_id BLOB NOT NULL,
    user_id      TEXT NOT NULL,
    status       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE redemptions (
    workspace_id   BLOB NOT NULL,
    id             BLOB NOT NULL,
    canonical      TEXT NOT NULL,
    code           TEXT NOT NULL, -- the value as it is shown
    type           TEXT NOT NULL,
    user_id        TEXT,          -- NULL: the person was erased
    grants         TEXT NOT NULL,
    before         TEXT,          -- what the user was; NULL: not registered
    ordinal        INTEGER NOT NULL,
    metadata       TEXT,
    reservation_id BLOB,
    created_at     INTEGER NOT NULL,
    created_by     BLOB NOT NULL,
    rolled_back_at INTEGER,
    rolled_back_by BLOB,
    reason         TEXT,
    PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX redemptions_code ON redemptions (canonical);
CREATE INDEX redemptions_user ON redemptions (workspace_id, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE reservations (
    workspace_id  BLOB NOT NULL,
    id            BLOB NOT NULL,
    canonical     TEXT NOT NULL,
    code          TEXT NOT NULL,
    user_id       TEXT,
    state         TEXT NOT NULL,
    expires_at    INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    created_by    BLOB NOT NULL,
    redemption_id BLOB,
    PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_code ON reservations (canonical, state, expires_at);
CREATE INDEX reservations_user ON reservations (workspace_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX reservations_lapsing ON reservations (expires_at) WHERE state = 'held';
