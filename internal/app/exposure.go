package app

import (
	"fmt"
	"log/slog"

	"accesscodes/internal/config"
	"accesscodes/internal/store/sqlite"
)

// warnOfExposure says what other users of this machine can do with the database, if it is a
// file. Nothing is changed: the permissions may be somebody's intention.
func warnOfExposure(log *slog.Logger, database string) {
	db, err := config.ParseDatabase(database)
	if err != nil || db.Engine != config.SQLite {
		return // openStore has seen the address
	}
	exposures, err := sqlite.Exposures(db.Path)
	if err != nil {
		log.Warn("cannot tell who else can read the database", "error", err.Error())
	}
	for _, exposure := range exposures {
		log.Warn("other users of this machine can read or write the database", "path", exposure.Path,
			"mode", fmt.Sprintf("%04o", exposure.Mode), "remedy", exposure.Remedy)
	}
}
