// Package transfer copies everything from one database to another, whatever their engines, and
// proves that both hold the same. It sees tables only as rows of plain values. How columns store
// them is the engine's business, and their meaning does not matter here.
package transfer

import (
	"fmt"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Kind is the kind of a column's values.
type Kind int

// The kinds, each with the Go type of its values in a [Row]. Every value may also be nil.
const (
	Text  Kind = iota // string
	Int               // int64
	Bool              // int64: 0 or 1
	Bytes             // []byte
	ID                // []byte, the 16 of a UUID
	Time              // int64, microseconds since 1970, UTC
	JSON              // string: an object of strings, its names sorted
)

// Column is one column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Table is one table. Its first columns, as many as KeyColumns says, are a unique key, by
// which rows are ordered, byte by byte.
type Table struct {
	Name       string
	KeyColumns int
	Columns    []Column
}

// Key returns the columns of the table's key.
func (t Table) Key() []Column { return t.Columns[:t.KeyColumns] }

// KeyList returns the key's columns as a statement lists them, each with the suffix.
func (t Table) KeyList(suffix string) string {
	names := t.ColumnNames()[:t.KeyColumns]
	return strings.Join(names, suffix+", ") + suffix
}

// ColumnList returns the table's columns as a statement lists them.
func (t Table) ColumnList() string { return strings.Join(t.ColumnNames(), ", ") }

// ColumnNames returns the names of the table's columns, in their order.
func (t Table) ColumnNames() []string {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	return names
}

// Row holds the values of a table's columns, in their order.
type Row []any

// Tables returns every table; tables that others refer to come first. Everything else that an engine
// stores can be made from them.
func Tables() []Table {
	return []Table{
		{"installation", 1, []Column{{"id", Int}, {"secret", Bytes}, {"public_url", Text}}},
		{"workspaces", 1, []Column{
			{"id", ID},
			{"slug", Text},
			{"name", Text},
			{"prefix", Text},
			{"groups", Int},
			{"group_length", Int},
			{"suspended_at", Time},
			{"created_at", Time},
			{"events", Text},
			{"wanted", Text},
			{"colour", Text},
		}},
		{"api_keys", 1, []Column{
			{"id", ID},
			{"workspace_id", ID},
			{"name", Text},
			{"role", Text},
			{"hash", Bytes},
			{"display", Text},
			{"created_at", Time},
			{"expires_at", Time},
			{"revoked_at", Time},
			{"last_used_at", Time},
			{"replaced_by", ID},
		}},
		{"key_addresses", 2, []Column{{"key_id", ID}, {"address", Text}, {"last_used", Time}}},
		{"codes", 1, codeColumns()},
		{"deleted_retries", 1, []Column{
			{"retry_key", Bytes},
			{"workspace_id", ID},
			{"fingerprint", Bytes},
		}},
		{"users", 2, []Column{
			{"workspace_id", ID},
			{"user_id", Text},
			{"status", Text},
			{"created_at", Time},
			{"updated_at", Time},
			{"last_ordinal", Int},
		}},
		{"redemptions", 2, []Column{
			{"workspace_id", ID},
			{"id", ID},
			{"canonical", Text},
			{"code", Text},
			{"type", Text},
			{"user_id", Text},
			{"grants", Text},
			{"before", Text},
			{"user_ordinal", Int},
			{"metadata", JSON},
			{"reservation_id", ID},
			{"created_at", Time},
			{"created_by", ID},
			{"rolled_back_at", Time},
			{"rolled_back_by", ID},
			{"reason", Text},
		}},
		{"reservations", 2, []Column{
			{"workspace_id", ID},
			{"id", ID},
			{"canonical", Text},
			{"code", Text},
			{"user_id", Text},
			{"state", Text},
			{"expires_at", Time},
			{"created_at", Time},
			{"created_by", ID},
			{"redemption_id", ID},
		}},
		{"events", 2, append([]Column{
			{"workspace_id", ID}, {"position", Int}, {"id", ID}, {"chain", Bytes},
		}, eventColumns()...)},
		{"event_positions", 1, []Column{
			{"workspace_id", ID},
			{"newest", Int},
			{"chain", Bytes},
			{"anchor_position", Int},
			{"anchor_chain", Bytes},
			{"logged_on", Text},
		}},
		{"event_digests", 2, []Column{{"workspace_id", ID}, {"position", Int}, {"digest", Bytes}, {"chain", Bytes}}},
		{"event_queue", 2, append([]Column{
			{"workspace_id", ID}, {"id", ID}, {"stamp", Time}, {"ordinal", Int},
		}, eventColumns()...)},
		{"cursors", 2, []Column{{"workspace_id", ID}, {"name", Text}, {"position", Int}, {"updated_at", Time}}},
		{"jobs", 2, []Column{
			{"workspace_id", ID},
			{"id", ID},
			{"kind", Text},
			{"status", Text},
			{"spec", Text},
			{"cursor", Text},
			{"done", Int},
			{"total", Int},
			{"created_at", Time},
			{"started_at", Time},
			{"finished_at", Time},
			{"actor_kind", Text},
			{"actor_id", ID},
			{"actor_name", Text},
			{"failure", Text},
			{"failure_said", Text},
			{"failures", Int},
			{"retry_key", Bytes},
			{"retry_fingerprint", Bytes},
			{"turn_at", Time},
			{"holder", ID},
			{"fence", Int},
			{"lease_until", Time},
		}},
		{"change_items", 3, []Column{
			{"change_id", ID},
			{"workspace_id", ID},
			{"number", Int},
			{"canonical", Text},
			{"was", Text},
			{"became", Text},
		}},
		{"change_people", 3, []Column{{"change_id", ID}, {"workspace_id", ID}, {"person", Bytes}}},
		{"import_rejects", 3, []Column{
			{"import_id", ID},
			{"workspace_id", ID},
			{"number", Int},
			{"line", Int},
			{"raw", Bytes},
			{"reason", Text},
			{"detail", Text},
			{"said", Text},
		}},
		{"webhook_endpoints", 2, []Column{
			{"workspace_id", ID},
			{"id", ID},
			{"url", Text},
			{"description", Text},
			{"types", Text},
			{"secret", Text},
			{"old_secret", Text},
			{"old_until", Time},
			{"created_at", Time},
			{"tested_at", Time},
			{"disabled_at", Time},
			{"disabled_reason", Text},
			{"deleted_at", Time},
			{"position", Int},
			{"failing_since", Time},
			{"failures", Int},
			{"paused_until", Time},
			{"next_at", Time},
			{"last_at", Time},
			{"last_status", Int},
			{"last_error", Text},
			{"holder", ID},
			{"fence", Int},
			{"lease_until", Time},
		}},
		{"webhook_deliveries", 3, []Column{
			{"workspace_id", ID},
			{"endpoint_id", ID},
			{"position", Int},
			{"event_id", ID},
			{"type", Text},
			{"subject_kind", Text},
			{"subject_id", Text},
			{"status", Text},
			{"tries", Int},
			{"next_at", Time},
			{"created_at", Time},
			{"attempts", Text},
			{"answer", Text},
		}},
		{"members", 1, []Column{
			{"id", ID},
			{"email", Text},
			{"name", Text},
			{"password", Text},
			{"language", Text},
			{"operator", Bool},
			{"created_at", Time},
			{"seen_at", Time},
		}},
		{"memberships", 2, []Column{{"workspace_id", ID}, {"member_id", ID}, {"role", Text}, {"created_at", Time}}},
		{"sessions", 1, []Column{
			{"id", ID},
			{"token", Bytes},
			{"member_id", ID},
			{"created_at", Time},
			{"seen_at", Time},
			{"expires_at", Time},
			{"address", Text},
			{"agent", Text},
		}},
		{"member_devices", 2, []Column{{"member_id", ID}, {"token", Bytes}, {"seen_at", Time}}},
		{"member_links", 1, []Column{
			{"id", ID},
			{"token", Bytes},
			{"kind", Text},
			{"email", Text},
			{"workspace_id", ID},
			{"role", Text},
			{"operator", Bool},
			{"created_by", ID},
			{"created_by_name", Text},
			{"created_at", Time},
			{"expires_at", Time},
		}},
		{"change_lists", 2, []Column{{"change_id", ID}, {"workspace_id", ID}, {"codes", Text}}},
	}
}

// eventColumns returns the columns of an event, with a position or without.
func eventColumns() []Column {
	return []Column{
		{"type", Text},
		{"at", Time},
		{"actor_kind", Text},
		{"actor_id", ID},
		{"actor_name", Text},
		{"subject_kind", Text},
		{"subject_id", Text},
		{"subject_key", Text},
		{"user_id", Text},
		{"request_id", Text},
		{"data", Text}, // JSON, but not of strings only, and its text is what the digest covers
		{"salt", Bytes},
		{"digest", Bytes},
	}
}

// codeColumns returns the columns of codes: the form, the fields, and the mark of a retry.
func codeColumns() []Column {
	columns := []Column{{"canonical", Text}}
	for _, f := range codes.Fields() {
		columns = append(columns, Column{f.Column, kindOf(f.Of(new(codes.Code)))})
	}
	return append(columns, Column{"retry_key", Bytes}, Column{"retry_fingerprint", Bytes})
}

// kindOf returns the kind of the column that stores a field.
func kindOf(field any) Kind {
	switch field.(type) {
	case *int64, **int64:
		return Int
	case *time.Time, **time.Time:
		return Time
	case *core.ID:
		return ID
	case *core.Metadata:
		return JSON
	case *string, *core.OptionalText:
		return Text
	default:
		panic(fmt.Sprintf("a field of the type %T", field))
	}
}
