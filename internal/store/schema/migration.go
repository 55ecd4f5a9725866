package schema

import (
	"errors"
	"time"
)

// ErrSchemaTooNew is what opening a store returns whose schema a newer program made.
var ErrSchemaTooNew = errors.New("the database's schema is too new")

// Migration is one step of a store's schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: pending
}

// Placement is where the rows of a store's table lie on a distributed engine.
type Placement struct {
	Table     string
	Placement string // such as "distributed by canonical"
	Changed   bool   // just now
}
