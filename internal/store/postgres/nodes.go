package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/core"
)

// answer is what a node of a distributed engine answers: the first column of its first row, or why
// it did not answer.
type answer struct {
	Node    string // host:port, as the coordinator knows it
	Success bool
	Result  string
}

// nodePatience is how long a node may take to answer askNodes.
const nodePatience = "1500ms"

// errSilentNode says that a node took longer than that; Citus does not say which.
var errSilentNode = errors.New("a node of the database does not answer")

// queryCanceled is the SQLSTATE query_canceled.
const queryCanceled = "57014"

// askNodes sends a query to every node that holds rows.
func askNodes(ctx context.Context, q querier, query string) (answers []answer, err error) {
	batch := new(pgx.Batch)
	batch.Queue("BEGIN")
	batch.Queue("SET LOCAL statement_timeout = '" + nodePatience + "'")
	queue(batch, pgx.RowToStructByPos[answer], func(a answer) { answers = append(answers, a) }, `
		SELECT nodename || ':' || nodeport, success, coalesce(result, '')
		FROM run_command_on_workers($1) ORDER BY nodename, nodeport`, query)
	batch.Queue("COMMIT")
	err = q.SendBatch(ctx, batch).Close()
	if err != nil {
		_, _ = q.Exec(ctx, "ROLLBACK") // a connection that is still in a transaction is not used again
	}
	if hasState(err, queryCanceled) {
		err = errSilentNode
	}
	if err != nil {
		return nil, fmt.Errorf("ask every node: %w", err)
	}
	return answers, nil
}

// nodesAway returns the nodes that do not answer; more than half are an error.
func (s *Store) nodesAway(ctx context.Context) (away []string, err error) {
	var answers []answer
	err = s.readIn(ctx, keyLane, func(ctx context.Context, q querier) (err error) {
		answers, err = askNodes(ctx, q, "SELECT 1")
		return err
	})
	if errors.Is(err, errSilentNode) {
		return []string{"a node that does not answer"}, nil
	}
	for _, answer := range answers {
		if !answer.Success {
			away = append(away, answer.Node)
		}
	}
	if 2*len(away) > len(answers) {
		err = core.Unavailable(errors.New("most nodes of the database are away: " + strings.Join(away, ", ")))
	}
	return away, err
}

// learnEngine asks again what is behind the address: somebody may have distributed the tables while
// this program ran.
func (s *Store) learnEngine(ctx context.Context, q querier) engine {
	if e, err := engineOf(ctx, q); err == nil {
		s.distributed.Store(e.distributed)
	}
	return s.engine()
}
