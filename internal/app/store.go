package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/config"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/overview"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/schema"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/transfer"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
	"accesscodes/internal/words"
)

// OpenTenancy migrates a database and opens the service of workspaces and keys on it, as commands
// that work straight on the database need it. Close it with the returned function.
func OpenTenancy(ctx context.Context, database string) (*tenancy.Service, func() error, error) {
	store, err := openStore(ctx, database, openOptions{})
	if err != nil {
		return nil, nil, err
	}
	return newTenancy(store, event.Actor{Kind: core.ActorCLI, Name: personName()}), store.Close, nil
}

// Administration is what commands need that work straight on the database, for people.
type Administration struct {
	Tenancy *tenancy.Service
	People  *member.People
	By      event.Actor // who runs the command
}

// OpenAdministration is [OpenTenancy] for commands about people, too.
func OpenAdministration(ctx context.Context, database string) (*Administration, func() error, error) {
	store, err := openStore(ctx, database, openOptions{})
	if err != nil {
		return nil, nil, err
	}
	people, err := newPeople(store)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	by := event.Actor{Kind: core.ActorCLI, Name: personName()}
	return &Administration{newTenancy(store, by), people, by}, store.Close, nil
}

// personName is the name of the operating system's user who runs the program.
func personName() string {
	if person, err := user.Current(); err == nil && utf8.ValidString(person.Username) {
		return person.Username
	}
	return "uid " + strconv.Itoa(os.Getuid()) // a container's user often has no name
}

// bareStore is a store as an engine opens it.
type bareStore interface {
	codes.Store
	tenancy.Store
	event.Store
	job.Store
	bulk.Store
	member.Store
	overview.Store
	webhook.Store
	Ping(ctx context.Context) (away []string, err error)
	About(ctx context.Context) (version string, bytes int64, err error)
	Close() error
	transfer.Database
}

// openStore migrates and opens the bare store of an engine for use.
func openStore(ctx context.Context, database string, options openOptions) (bareStore, error) {
	store, err := openBare(ctx, database, options)
	if err != nil {
		return nil, err
	}
	source, err := store.UnfinishedCopy(ctx)
	if err == nil && source != "" {
		err = errors.New(
			"this database is an unfinished copy of another one: finish it with accesscodes copy, or use another database",
		)
	}
	if err == nil {
		err = tenancy.EnsureSecret(ctx, store, core.SystemEntropy())
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// openOptions says how to open a store.
type openOptions struct {
	timeout   time.Duration // how long one operation on a server may take; 0: as usual
	gatherLog bool          // see [sqlite.Options]; only a server commits often enough for that
	server    bool          // many callers will read at once
}

// openBare migrates and opens a store, whatever state its contents are in.
func openBare(ctx context.Context, database string, options openOptions) (bareStore, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	if _, err := e.migrate(ctx); err != nil {
		return nil, err
	}
	return e.open(ctx, options)
}

// copyTimeout is how long one operation of a copy may take: counting the rows of a large table
// does.
const copyTimeout = 10 * time.Minute

// Copy copies everything from one database into another, empty one, and compares them.
func Copy(ctx context.Context, from, to string, progress transfer.Progress) (results []transfer.Result, err error) {
	if from == to {
		return nil, errors.New("the source and the target are the same database")
	}
	if err := RequireDatabase(from); err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	source, err := openBare(ctx, from, openOptions{timeout: copyTimeout})
	if err != nil {
		return nil, fmt.Errorf("the source: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := openBare(ctx, to, openOptions{timeout: copyTimeout})
	if err != nil {
		return nil, fmt.Errorf("the target: %w", err)
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	results, err = transfer.Copy(ctx, source, target, progress)
	if err != nil && ctx.Err() != nil {
		return nil, errors.New("interrupted; run the same command again and it goes on from here")
	}
	if err != nil {
		return nil, err
	}
	// Before any other: two databases need not have the same clock.
	return results, event.NewService(target, time.Now, 0).Sequence(ctx)
}

// Migrate brings a database's schema up to date and returns what it did.
func Migrate(ctx context.Context, database string) ([]schema.Migration, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	return e.migrate(ctx)
}

// MigrationStatus returns the migrations of a database, applied and pending.
func MigrationStatus(ctx context.Context, database string) ([]schema.Migration, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	return e.migrationStatus(ctx)
}

// OldFormCodes returns the codes of a migrated database that are left with their old forms.
func OldFormCodes(ctx context.Context, database string) ([]codes.OldFormCode, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	return e.oldFormCodes(ctx)
}

// Distribute spreads the tables of a PostgreSQL database over the nodes of a Citus cluster
// and returns where each lies then.
func Distribute(ctx context.Context, database string, shards int) ([]schema.Placement, error) {
	e, err := engineOf(database)
	if err != nil {
		return nil, err
	}
	if e.distribute == nil {
		return nil, fmt.Errorf(
			"a database of the kind %s lies on one machine; only PostgreSQL with the extension citus can be distributed",
			e.name,
		)
	}
	if _, err := e.migrate(ctx); err != nil {
		return nil, err
	}
	return e.distribute(ctx, shards)
}

// RequireDatabase refuses a file that is not there, which opening it would create.
func RequireDatabase(database string) error {
	db, err := config.ParseDatabase(database)
	if err != nil || db.Engine != config.SQLite {
		return err
	}
	_, err = os.Stat(db.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database %s; accesscodes serve or accesscodes migrate up makes one", db.Path)
	}
	return err
}

// engine is what can be done with the kind of database that an address names.
type engine struct {
	name                     config.Engine
	open                     func(context.Context, openOptions) (bareStore, error)
	migrate, migrationStatus func(context.Context) ([]schema.Migration, error)
	oldFormCodes             func(context.Context) ([]codes.OldFormCode, error)
	distribute               func(ctx context.Context, shards int) ([]schema.Placement, error) // nil: impossible
}

func engineOf(database string) (engine, error) {
	db, err := config.ParseDatabase(database)
	if err != nil {
		return engine{}, err
	}
	if db.Engine == config.Postgres {
		return engine{
			name: db.Engine,
			open: func(ctx context.Context, options openOptions) (bareStore, error) {
				return postgres.Open(ctx, db.URL, postgres.Options{Timeout: options.timeout, ReadTimeout: options.timeout})
			},
			migrate: func(ctx context.Context) ([]schema.Migration, error) { return postgres.Migrate(ctx, db.URL) },
			migrationStatus: func(ctx context.Context) ([]schema.Migration, error) {
				return postgres.MigrationStatus(ctx, db.URL)
			},
			oldFormCodes: func(ctx context.Context) ([]codes.OldFormCode, error) {
				return postgres.OldFormCodes(ctx, db.URL)
			},
			distribute: func(ctx context.Context, shards int) ([]schema.Placement, error) {
				return postgres.Distribute(ctx, db.URL, shards)
			},
		}, nil
	}
	return engine{
		name: db.Engine,
		open: func(_ context.Context, options openOptions) (bareStore, error) {
			return sqlite.Open(db.Path, sqlite.Options{GatherLog: options.gatherLog, OneReader: !options.server})
		},
		migrate: func(ctx context.Context) ([]schema.Migration, error) { return sqlite.Migrate(ctx, db.Path) },
		migrationStatus: func(ctx context.Context) ([]schema.Migration, error) {
			return sqlite.MigrationStatus(ctx, db.Path)
		},
		oldFormCodes: func(ctx context.Context) ([]codes.OldFormCode, error) {
			return sqlite.OldFormCodes(ctx, db.Path)
		},
	}, nil
}

func newTenancy(store tenancy.Store, actor event.Actor) *tenancy.Service {
	return tenancy.NewService(tenancy.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID, Actor: actor,
	})
}

func newCodes(store codes.Store, filter *words.Filter) *codes.Services {
	if filter == nil { // nobody asked for another, nor for none
		filter = words.Embedded()
	}
	return codes.NewServices(codes.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID,
		OldFormsUnknown: true, Words: filter,
	})
}

func newExports(
	services *codes.Services, batches *bulk.Batches, events bulk.EventReader, log bulk.ExportLog,
) *bulk.Exports {
	return bulk.NewExports(bulk.ExportDeps{
		Lists: services, Batches: batches, Events: events, Log: log, Now: time.Now, Entropy: core.SystemEntropy(),
	})
}

func newID() (core.ID, error) {
	id, err := uuid.NewV7()
	return core.ID(id), err
}
