-- +goose Up

-- The ordinal of the newest redemption since the user registered: the next one gets one more.
ALTER TABLE users ADD COLUMN last_ordinal bigint NOT NULL DEFAULT 0;

-- A distributed engine, which has users and redemptions in different places, finds the ordinals
-- first and then sends them to the users.
WITH highest AS MATERIALIZED (
    SELECT workspace_id, user_id, max(ordinal) AS ordinal FROM redemptions
    WHERE user_id IS NOT NULL AND rolled_back_at IS NULL GROUP BY workspace_id, user_id
)
UPDATE users SET last_ordinal = highest.ordinal FROM highest
WHERE users.workspace_id = highest.workspace_id AND users.user_id = highest.user_id;

-- Under another name, a server of an older version that still runs is refused: it would give ordinals
-- twice.
ALTER TABLE redemptions RENAME COLUMN ordinal TO user_ordinal;
