-- +goose Up

-- The ordinal of the newest redemption since the user registered: the next one gets one more.
ALTER TABLE users ADD COLUMN last_ordinal INTEGER NOT NULL DEFAULT 0;

UPDATE users SET last_ordinal = coalesce((
    SELECT max(ordinal) FROM redemptions r
    WHERE r.workspace_id = users.workspace_id AND r.user_id = users.user_id AND r.rolled_back_at IS NULL
), 0);

-- Under another name, a server of an older version that still runs is refused: it would give ordinals
-- twice.
ALTER TABLE redemptions RENAME COLUMN ordinal TO user_ordinal;
