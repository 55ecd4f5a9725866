-- +goose Up

-- The key that took over from this one: a key is rotated once.
ALTER TABLE api_keys ADD COLUMN replaced_by BLOB;
