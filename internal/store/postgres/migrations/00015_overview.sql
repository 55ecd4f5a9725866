-- +goose Up

-- What was counted of each workspace, and how far. The columns before the state are small, so a look
-- at all of them costs little.
CREATE TABLE overview_counts (
    workspace_id uuid PRIMARY KEY,
    version      bigint NOT NULL,
    seen_at      timestamptz NOT NULL,
    lease_until  timestamptz NOT NULL,
    after_user   text NOT NULL, -- the last user that was counted; '': none
    state        bytea NOT NULL
);
