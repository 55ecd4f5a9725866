package schema

import (
	"errors"
	"time"
)

// ErrSchemaTooNew is returned on opening a store if a newer program made its schema.
var ErrSchemaTooNew = errors.New("the database's schema is too new")

// Migration is one step of a store's schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: pending
}

// Placement says where the rows of a table are on a distributed engine.
type Placement struct {
	Table     string
	Placement string // such as "distributed by canonical"
	Changed   bool   // just now
}
