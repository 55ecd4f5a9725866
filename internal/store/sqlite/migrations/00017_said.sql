-- +goose Up

-- What is said about failures and rejected lines, for other languages than English: JSON; empty: only in English.
ALTER TABLE jobs ADD COLUMN failure_said TEXT NOT NULL DEFAULT '';
ALTER TABLE import_rejects ADD COLUMN said TEXT NOT NULL DEFAULT '';
