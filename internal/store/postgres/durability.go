package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// durable are the settings without which a database acknowledges a commit before it is on disk.
var durable = []string{"fsync", "synchronous_commit"}

// checkDurability refuses a database that acknowledges a commit before it is on disk. All nodes of a
// distributed engine that answer are asked.
func checkDurability(ctx context.Context, conn *pgx.Conn) error {
	for _, setting := range durable {
		var value *string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1, true)", setting).Scan(&value); err != nil {
			return err
		}
		if value != nil && *value == "off" {
			return errNotDurable("the database", setting)
		}
	}
	if installed, err := hasCitus(ctx, conn); err != nil || !installed {
		return err
	}
	settings := strings.Join(durable, "'), current_setting('")
	answers, err := askNodes(ctx, conn, "SELECT concat_ws(' ', current_setting('"+settings+"'))")
	if errors.Is(err, errSilentNode) {
		return nil
	}
	for _, answer := range answers {
		for i, value := range strings.Fields(answer.Result) {
			if answer.Success && value == "off" {
				return errNotDurable("the node "+answer.Node, durable[i])
			}
		}
	}
	return err
}

func errNotDurable(who, setting string) error {
	return fmt.Errorf("%s would lose acknowledged codes in a crash: its setting %s is off; "+
		"turn it on for this database and role", who, setting)
}
