-- +goose Up

-- The colour by which people see in which workspace they are; empty: one that follows from its id.
ALTER TABLE workspaces ADD COLUMN colour TEXT NOT NULL DEFAULT '';
