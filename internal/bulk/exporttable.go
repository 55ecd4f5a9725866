package bulk

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Table says how things of one kind are the rows of a file. Its columns have the names that JSON has,
// in the same order.
type Table[T any] struct {
	columns []string
	write   func(to *cells, row *T, at time.Time) // all cells of a row, in the order of the columns
}

// CodesTable has the codes of a workspace. Their status is that at the instant of their page.
func CodesTable() *Table[codes.Code] {
	table := &Table[codes.Code]{write: writeCode}
	for i := range codes.Fields() {
		f := &codes.Fields()[i]
		if f.Name == "" {
			continue
		}
		if table.columns = append(table.columns, f.Name); f.Name == codes.StatusFollows {
			table.columns = append(table.columns, "status")
		}
	}
	return table
}

func writeCode(to *cells, code *codes.Code, at time.Time) {
	fields := codes.Fields()
	for i := range fields {
		f := &fields[i]
		if f.Name == "" {
			continue
		}
		switch from := f.Of(code).(type) {
		case *string:
			to.text(*from)
		case *core.OptionalText:
			to.text(string(*from))
		case *int64:
			to.number(from)
		case **int64:
			to.number(*from)
		case *time.Time:
			to.time(from)
		case **time.Time:
			to.time(*from)
		case *core.ID:
			to.id(*from)
		case *core.Metadata:
			to.metadata(*from)
		}
		if f.Name == codes.StatusFollows {
			to.text(string(code.StatusAt(at)))
		}
	}
}

// BatchTable has the codes of a batch, without what they have in common.
func BatchTable() *Table[codes.Code] {
	return &Table[codes.Code]{
		columns: []string{"batchIndex", "code", "status"},
		write: func(to *cells, code *codes.Code, at time.Time) {
			to.number(code.BatchIndex)
			to.text(code.Value)
			to.text(string(code.StatusAt(at)))
		},
	}
}

// RedemptionsTable has the redemptions of a workspace.
func RedemptionsTable() *Table[codes.Redemption] {
	return &Table[codes.Redemption]{
		columns: []string{
			"id", "code", "type", "userId", "grants", "metadata", "reservationId", "createdAt", "createdBy",
			"rolledBackAt", "rolledBackBy", "rollbackReason",
		},
		write: func(to *cells, r *codes.Redemption, _ time.Time) {
			to.id(r.ID)
			to.text(r.Code)
			to.text(string(r.Type))
			to.text(r.UserID)
			to.text(string(r.Grants))
			to.metadata(r.Metadata)
			to.id(r.ReservationID)
			to.time(&r.CreatedAt)
			to.id(r.CreatedBy)
			to.time(r.RolledBackAt)
			to.id(r.RolledBackBy)
			to.text(r.Reason)
		},
	}
}

// UsersTable has the users of a workspace.
func UsersTable() *Table[codes.User] {
	return &Table[codes.User]{
		columns: []string{"userId", "status", "createdAt", "updatedAt"},
		write: func(to *cells, u *codes.User, _ time.Time) {
			to.text(u.ID)
			to.text(string(u.Status))
			to.time(&u.CreatedAt)
			to.time(&u.UpdatedAt)
		},
	}
}

// EventsTable has events of a workspace.
func EventsTable() *Table[event.Event] {
	return &Table[event.Event]{
		columns: []string{
			"position", "id", "type", "at", "actorKind", "actorId", "actorName", "subjectKind", "subject", "userId",
			"requestId", "data",
		},
		write: func(to *cells, e *event.Event, _ time.Time) {
			to.number(&e.Position)
			to.id(e.ID)
			to.text(string(e.Type))
			to.time(&e.At)
			to.text(string(e.Actor.Kind))
			to.id(e.Actor.ID)
			to.text(e.Actor.Name)
			to.text(string(e.Subject.Kind))
			to.text(e.Subject.ID)
			if e.Type == event.UserErased {
				to.text("") // it keeps the id only for programs that follow
			} else {
				to.text(e.UserID)
			}
			to.text(e.RequestID)
			to.object([]byte(e.Data))
		},
	}
}

// LogTable has events of a workspace with all that their digests and the hash chain cover, so that both can be
// computed again elsewhere.
func LogTable() *Table[event.Event] {
	return &Table[event.Event]{
		columns: []string{
			"position", "id", "type", "at", "workspace", "actor", "subject", "userId", "requestId", "data", "salt", "digest",
			"chain",
		},
		write: writeLogged,
	}
}

func writeLogged(to *cells, e *event.Event, _ time.Time) {
	to.number(&e.Position)
	to.id(e.ID)
	to.text(string(e.Type))
	to.time(&e.At)
	to.id(e.Workspace)
	actor := ""
	if !e.Actor.ID.IsZero() {
		actor = e.Actor.ID.String()
	}
	to.members("kind", string(e.Actor.Kind), "id", actor, "name", e.Actor.Name)
	to.members("kind", string(e.Subject.Kind), "id", e.Subject.ID)
	to.text(e.UserID)
	to.text(e.RequestID)
	to.object([]byte(e.Data))
	to.text(hex.EncodeToString(e.Salt))
	to.text(hex.EncodeToString(e.Digest[:]))
	if e.Chain == (event.Chain{}) { // from before the chain
		to.text("")
	} else {
		to.text(e.Chain.String())
	}
}

// form is how a kind of file writes cells and rows.
type form interface {
	begin(columns []string) error
	text(text string)
	// plain writes a cell in which nothing must be escaped: a number, a time, an id, nothing.
	plain(text []byte, isNumber bool)
	// object writes an object of JSON.
	object(text []byte)
	endRow() error
	end() error
}

// cells writes the cells of a row. What is none is an empty cell.
type cells struct {
	form
	scratch       [64]byte // of a plain cell
	scratchObject []byte   // of JSON
}

func (c *cells) number(n *int64) {
	if n == nil {
		c.plain(nil, false)
		return
	}
	c.plain(strconv.AppendInt(c.scratch[:0], *n, 10), true)
}

func (c *cells) time(t *time.Time) {
	if t == nil {
		c.plain(nil, false)
		return
	}
	c.plain(t.AppendFormat(c.scratch[:0], time.RFC3339Nano), false)
}

func (c *cells) id(id core.ID) {
	if id.IsZero() {
		c.plain(nil, false)
		return
	}
	c.plain(append(c.scratch[:0], id.String()...), false)
}

// metadata writes an object of JSON, as the lists show it, in one cell.
func (c *cells) metadata(metadata map[string]string) {
	if len(metadata) == 0 {
		c.object(append(c.scratch[:0], "{}"...))
		return
	}
	object := c.scratchObject[:0]
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		object = appendJSON(append(object, ','), name)
		object = appendJSON(append(object, ':'), metadata[name])
	}
	object[0] = '{'
	c.scratchObject = append(object, '}')
	c.object(c.scratchObject)
}

// members writes an object of texts, given as names and values; a text that is empty is null.
func (c *cells) members(pairs ...string) {
	object := c.scratchObject[:0]
	for i := 0; i < len(pairs); i += 2 {
		object = append(appendJSON(append(object, ','), pairs[i]), ':')
		if pairs[i+1] == "" {
			object = append(object, "null"...)
		} else {
			object = appendJSON(object, pairs[i+1])
		}
	}
	object[0] = '{'
	c.scratchObject = append(object, '}')
	c.object(c.scratchObject)
}

// appendJSON writes a text as JSON does where it escapes as little as it can. encoding/json escapes
// more, and made an export take a tenth longer.
func appendJSON(to []byte, text string) []byte {
	to = append(to, '"')
	for i := range len(text) {
		switch b := text[i]; b {
		case '"', '\\':
			to = append(to, '\\', b)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			if b < ' ' { // of old metadata
				to = append(to, `\u00`...)
				to = append(to, "0123456789abcdef"[b>>4], "0123456789abcdef"[b&15])
			} else {
				to = append(to, b)
			}
		}
	}
	return append(to, '"')
}
