-- +goose Up

-- The address under which callers reach the installation; empty: nobody has said.
ALTER TABLE installation ADD COLUMN public_url text NOT NULL DEFAULT '';
