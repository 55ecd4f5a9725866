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

// askNodes sends a query to every node that holds rows.
func askNodes(ctx context.Context, q querier, query string) ([]answer, error) {
	rows, err := q.Query(ctx, `
		SELECT nodename || ':' || nodeport, success, coalesce(result, '')
		FROM run_command_on_workers($1) ORDER BY nodename, nodeport`, query)
	answers, err := rowsOf(rows, err, pgx.RowToStructByPos[answer])
	if err != nil {
		return nil, fmt.Errorf("ask every node: %w", err)
	}
	return answers, nil
}

// nodesAway returns the nodes that do not answer; more than half are an error.
func (s *Store) nodesAway(ctx context.Context) (away []string, err error) {
	err = s.readIn(ctx, keyLane, func(ctx context.Context, q querier) error {
		away = nil
		answers, err := askNodes(ctx, q, "SELECT 1")
		if err != nil {
			return err
		}
		for _, answer := range answers {
			if !answer.Success {
				away = append(away, answer.Node)
			}
		}
		if 2*len(away) > len(answers) {
			return core.Unavailable(errors.New("most nodes of the database are away: " + strings.Join(away, ", ")))
		}
		return nil
	})
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
