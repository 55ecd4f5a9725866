// Package postgres keeps everything in PostgreSQL, or in a distributed engine that speaks its
// language, for installations that need more than one machine. Any number of server nodes may use
// one database; no node relies on its memory for correctness. The package holds no rules: it stores
// what the areas decide.
//
// A write is durable when it returns: the database must run with fsync on, and synchronous_commit
// must not be off. [Open] checks this.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/plain"
	"accesscodes/internal/tenancy"
)

// Limits that hold unless [Options] or the address say otherwise.
const (
	// DefaultTimeout is how long a write may take, including all its tries.
	DefaultTimeout = 10 * time.Second
	// DefaultReadTimeout is how long a query may take, including all its tries.
	DefaultReadTimeout = 3 * time.Second
	// pingTimeout is how long the database may take to answer a ping.
	pingTimeout = 2 * time.Second
	// connectTimeout is how long making one connection may take.
	connectTimeout = 3 * time.Second
	// maxConnections is the largest number of connections of one process: hot writes share one, the
	// others serve look-ups.
	maxConnections = 10
)

// Options says how to open a database.
type Options struct {
	Timeout     time.Duration // of a write; 0: DefaultTimeout
	ReadTimeout time.Duration // of a query; 0: DefaultReadTimeout
}

// Store keeps every area in a PostgreSQL database.
type Store struct {
	plain.Store

	pool        *pgxpool.Pool
	turns       [laneCount]turns
	timeout     time.Duration
	readTimeout time.Duration
	distributed atomic.Bool // see [engine]
	sequencer   sequencer
}

var (
	_ codes.Store   = (*Store)(nil)
	_ bulk.Store    = (*Store)(nil)
	_ tenancy.Store = (*Store)(nil)
)

// Open connects to the database at a postgres:// address. Call [Migrate] on the address
// first. What the address can say is in docs/postgres.md.
func Open(ctx context.Context, address string, options Options) (*Store, error) {
	if options.Timeout == 0 {
		options.Timeout = DefaultTimeout
	}
	if options.ReadTimeout == 0 {
		options.ReadTimeout = DefaultReadTimeout
	}
	config, err := poolConfig(address)
	if err != nil {
		return nil, err
	}
	s := &Store{timeout: options.Timeout, readTimeout: options.ReadTimeout, sequencer: newSequencer()}
	s.Store = plain.New(s)
	if err := s.examine(ctx, config); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s.pool, err = pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s.turns = newTurns(int(config.MaxConns))
	return s, nil
}

// examine finds out what is behind an address.
func (s *Store) examine(ctx context.Context, config *pgxpool.Config) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return onConnection(ctx, config.ConnConfig, func(ctx context.Context, conn *pgx.Conn) error {
		if err := checkDurability(ctx, conn); err != nil {
			return err
		}
		var process int64
		if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&process); err != nil {
			return err
		}
		e, err := engineOf(ctx, conn)
		s.distributed.Store(e.distributed)
		// A pooler gives its own process number when a connection begins.
		if process == int64(conn.PgConn().PID()) {
			relyOnSessions(config.ConnConfig, e, givenIn(conn.Config().ConnString()))
		}
		return err
	})
}

// relyOnSessions makes settings that last as long as a connection. It is used only without a pooler.
func relyOnSessions(config *pgx.ConnConfig, e engine, given func(parameter string) bool) {
	// Statements are prepared once, which costs the database less.
	if !given(execMode) {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	}
	// Frequent queries find their rows in an index. A plan that was made while the tables were small
	// would read them whole, and is kept until they are analyzed: that gave a tenth of the speed in
	// the first minute of a new database. The high price of such a scan, where it is needed anyway,
	// must not start the just-in-time compiler.
	for _, wholesale := range []string{"enable_seqscan", "jit"} {
		if !given(wholesale) {
			config.RuntimeParams[wholesale] = "off"
		}
	}
	// Citus would open several connections to a node for one statement, and commit on each in two
	// phases: redeeming was three times as slow.
	if e.distributed && !given(citusConnections) {
		config.RuntimeParams[citusConnections] = "1"
	}
}

// onConnection runs a function on a separate connection.
func onConnection(ctx context.Context, config *pgx.ConnConfig, do func(context.Context, *pgx.Conn) error) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, conn), conn.Close(ctx))
}

// citusConnections is the setting for how many connections a statement may use to each node.
const citusConnections = "citus.max_adaptive_executor_pool_size"

// execMode is the address parameter for how statements are sent; pgx reads it.
const execMode = "default_query_exec_mode"

// poolConfig reads an address and fills in defaults. Its errors do not repeat the address, which may
// hold a password.
func poolConfig(address string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the database's address is not a valid postgres:// URL")
	}
	// A password with an unescaped @ or / would end up in one of these, and in every message about a
	// connection.
	if strings.Contains(config.ConnConfig.Host+config.ConnConfig.Database, "@") ||
		strings.Contains(afterPath(address), "@") {
		return nil, errors.New("the database's address has an @ behind its host: escape the characters of its " +
			"password as in a URL (@ is %40, / is %2F)")
	}
	given := givenIn(address)
	if !given(execMode) {
		// This works through PgBouncer in transaction mode, too, where earlier prepared statements
		// may be gone (before its version 1.21).
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	if !given("pool_max_conns") {
		config.MaxConns = maxConnections
	}
	config.PingTimeout = connectPatience // for a connection that was idle
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "accesscodes"
	}
	return config, nil
}

// afterPath returns an address's query and fragment.
func afterPath(address string) string {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		return address[i:]
	}
	return ""
}

// givenIn returns a function that reports whether an address has a parameter.
func givenIn(address string) func(parameter string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return func(string) bool { return false }
	}
	return parsed.Query().Has
}

// Close waits for running operations and ends every connection.
func (s *Store) Close() error {
	err := s.releaseSequencer()
	s.pool.Close()
	return err
}

// Ping checks that the database takes writes; a standby does not. It returns the nodes of a
// distributed engine that do not answer. If those are more than half, that is an error.
func (s *Store) Ping(ctx context.Context) (away []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := s.takesWrites(ctx); err != nil || !s.engine().distributed {
		return nil, err
	}
	return s.nodesAway(ctx)
}

func (s *Store) takesWrites(ctx context.Context) error {
	return s.readIn(ctx, keyLane, func(ctx context.Context, q querier) error {
		var readOnly *string
		err := q.QueryRow(ctx, "SELECT current_setting('transaction_read_only', true)").Scan(&readOnly)
		if err == nil && readOnly != nil && *readOnly == "on" {
			err = core.Unavailable(errors.New("the database takes no writes: it is a standby, or was made read-only"))
		}
		return err
	})
}
