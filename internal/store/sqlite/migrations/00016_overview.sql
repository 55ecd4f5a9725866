-- +goose Up

-- What was counted of each workspace, and how far. The columns before the state are small, so a look
-- at all of them costs little.
CREATE TABLE overview_counts (
    workspace_id BLOB PRIMARY KEY,
    version      INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    lease_until  INTEGER NOT NULL,
    after_user   TEXT NOT NULL, -- the last user that was counted; '': none
    state        BLOB NOT NULL
) STRICT;
