-- +goose Up

-- Reservations that are stored as held. Some of them may have lapsed: what counts as
-- reserved is counted in the table below whenever this is not 0. The counters are in no
-- index, so that changing them changes no index.
ALTER TABLE codes ADD COLUMN reservations bigint NOT NULL DEFAULT 0;

-- Lists are read from these, newest first, type by type. The partial ones are for what few
-- codes have; they cost nothing for the others.
CREATE INDEX codes_listed ON codes (workspace_id, type, created_at, canonical);
CREATE INDEX codes_batch ON codes (workspace_id, batch_id, type, created_at, canonical) WHERE batch_id IS NOT NULL;
CREATE INDEX codes_revoked ON codes (workspace_id, type, created_at, canonical) WHERE revoked_at IS NOT NULL;
CREATE INDEX codes_expiring ON codes (workspace_id, type, created_at, canonical) WHERE expires_at IS NOT NULL;
CREATE INDEX codes_starting ON codes (workspace_id, type, created_at, canonical) WHERE starts_at IS NOT NULL;
CREATE INDEX codes_note ON codes (workspace_id, lower(note COLLATE "C")) WHERE note IS NOT NULL;
CREATE INDEX codes_recipient ON codes (workspace_id, lower(recipient COLLATE "C")) WHERE recipient IS NOT NULL;

-- Spread by user_id.
CREATE TABLE users (
    workspace_id uuid NOT NULL,
    user_id      text COLLATE "C" NOT NULL,
    status       text NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);

-- Spread by canonical, as reservations are: they lie beside their code.
CREATE TABLE redemptions (
    canonical      text COLLATE "C" NOT NULL,
    id             uuid NOT NULL,
    workspace_id   uuid NOT NULL,
    code           text NOT NULL, -- the value as it is shown
    type           text NOT NULL,
    user_id        text COLLATE "C", -- NULL: the person was erased
    grants         text NOT NULL,
    before         text, -- what the user was; NULL: not registered
    ordinal        bigint NOT NULL,
    metadata       jsonb,
    reservation_id uuid,
    created_at     timestamptz NOT NULL,
    created_by     uuid NOT NULL,
    rolled_back_at timestamptz,
    rolled_back_by uuid,
    reason         text,
    PRIMARY KEY (canonical, id)
);

CREATE INDEX redemptions_listed ON redemptions (workspace_id, id);
CREATE INDEX redemptions_user ON redemptions (user_id, workspace_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE reservations (
    canonical     text COLLATE "C" NOT NULL,
    id            uuid NOT NULL,
    workspace_id  uuid NOT NULL,
    code          text NOT NULL,
    user_id       text COLLATE "C",
    state         text NOT NULL,
    expires_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL,
    created_by    uuid NOT NULL,
    redemption_id uuid,
    PRIMARY KEY (canonical, id)
);

CREATE INDEX reservations_listed ON reservations (workspace_id, id);
CREATE INDEX reservations_held ON reservations (canonical, expires_at) WHERE state = 'held';
CREATE INDEX reservations_user ON reservations (user_id, workspace_id) WHERE user_id IS NOT NULL;
-- The second condition, which is always true, keeps this index for the statement that names it.
CREATE INDEX reservations_lapsing ON reservations (expires_at) WHERE state = 'held' AND expires_at > '-infinity';
