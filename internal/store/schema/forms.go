package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"accesscodes/internal/core"
)

// Forms is what an engine provides for the migration to the second version of canonical forms. Each
// query returns a code's form, its value, and its creation time in microseconds.
type Forms struct {
	BeyondASCII string // codes whose forms are not all ASCII: parameters are the last form seen and a limit
	Old         string // codes under old forms: the same parameters
	Named       string // the code with this form, locked until the transaction ends
	// Rename gives a code another form, and every row that names the code by it.
	Rename func(ctx context.Context, tx *sql.Tx, from, to string) error
	AtOnce int // how many codes are looked at in one transaction; 0: 200
}

// Migration returns the Go migration that gives every code the canonical form that [core.Canonical]
// returns today. Forms that are all ASCII have not changed. If two codes would have the same form,
// the older one takes it, and the other one gets its old form (see [core.OldForm]).
//
// It works in small transactions. Each leaves every code whole, so it can be interrupted: the next
// try skips what is done.
func (f Forms) Migration(version int64) *goose.Migration {
	m := goose.NewGoMigration(version, &goose.GoFunc{RunDB: f.Up}, nil)
	m.Source = fmt.Sprintf("%05d_canonical_forms.go", version)
	return m
}

// Up runs the migration.
func (f Forms) Up(ctx context.Context, db *sql.DB) error {
	if f.AtOnce == 0 {
		f.AtOnce = 200
	}
	// A code whose form is held by a code that was not processed yet is set aside under its old
	// form. The second pass processes it again, when every holder has its final form.
	for _, codes := range []string{f.BeyondASCII, f.Old} {
		if err := f.pass(ctx, db, codes); err != nil {
			return err
		}
	}
	return nil
}

// pass processes the codes that a query returns, page by page.
func (f Forms) pass(ctx context.Context, db *sql.DB, codes string) error {
	for after, more := "", true; more; {
		err := inTransaction(ctx, db, func(tx *sql.Tx) error {
			page, err := readForms(ctx, tx, codes, after, f.AtOnce)
			for i := range page {
				if err == nil {
					err = f.update(ctx, tx, &page[i])
				}
				after = page[i].form
			}
			more = len(page) == f.AtOnce
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// update gives a code its canonical form or, if an older code has that, its old form.
func (f Forms) update(ctx context.Context, tx *sql.Tx, code *formOf) error {
	form := core.Canonical(code.value)
	if form == code.form {
		return nil
	}
	to := form
	if form == "" || len(form) > core.MaxFormLength { // no look-up asks for such a form
		to = core.OldForm(code.value)
	} else {
		holders, err := readForms(ctx, tx, f.Named, form)
		if err != nil {
			return err
		}
		switch {
		case len(holders) == 0:
		case core.Canonical(holders[0].value) == form && code.isOlderThan(&holders[0]):
			if err := f.rename(ctx, tx, form, core.OldForm(holders[0].value)); err != nil {
				return err
			}
		default:
			to = core.OldForm(code.value)
		}
	}
	return f.rename(ctx, tx, code.form, to)
}

func (f Forms) rename(ctx context.Context, tx *sql.Tx, from, to string) error {
	if from == to {
		return nil
	}
	if err := f.Rename(ctx, tx, from, to); err != nil {
		return fmt.Errorf("give a code another canonical form: %w", err)
	}
	return nil
}

// formOf is a code as this migration reads it.
type formOf struct {
	form, value string
	createdAt   int64 // microseconds
}

// isOlderThan orders codes by creation; codes of one instant by their old forms.
func (c *formOf) isOlderThan(other *formOf) bool {
	if c.createdAt != other.createdAt {
		return c.createdAt < other.createdAt
	}
	return core.OldForm(c.value) < core.OldForm(other.value)
}

func readForms(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []formOf, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read canonical forms: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c formOf
		if err := rows.Scan(&c.form, &c.value, &c.createdAt); err != nil {
			return nil, fmt.Errorf("read canonical forms: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

func inTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Exec runs statements, each with the same arguments, one after the other.
func Exec(ctx context.Context, tx *sql.Tx, statements []string, args ...any) error {
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
	}
	return nil
}
