-- +goose Up

-- Lines of files that imports have rejected. Numbers count from 0 in each import. They are deleted some
-- time after the import was asked for, which its id tells.
CREATE TABLE import_rejects (
    import_id    BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    number       INTEGER NOT NULL,
    line         INTEGER NOT NULL, -- of the file
    raw          BLOB NOT NULL,    -- as it was sent, whatever it is
    reason       TEXT NOT NULL,
    detail       TEXT NOT NULL,
    PRIMARY KEY (import_id, workspace_id, number)
) STRICT;
