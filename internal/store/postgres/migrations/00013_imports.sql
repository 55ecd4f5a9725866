-- +goose Up

-- Lines of files that imports have rejected. Numbers count from 0 in each import. They are deleted some
-- time after the import was asked for, which its id tells.
CREATE TABLE import_rejects (
    import_id    uuid NOT NULL,
    workspace_id uuid NOT NULL,
    number       bigint NOT NULL,
    line         bigint NOT NULL, -- of the file
    raw          bytea NOT NULL,  -- as it was sent, whatever it is
    reason       text NOT NULL,
    detail       text NOT NULL,
    PRIMARY KEY (import_id, workspace_id, number)
);
