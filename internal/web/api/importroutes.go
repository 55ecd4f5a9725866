package api

import (
	"fmt"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/web/export"
	"accesscodes/internal/web/kit"
)

// importRoutes are the routes about files of codes.
func (s *server) importRoutes() []kit.Route {
	imported := []kit.Parameter{kit.InPath("id", "The id of the import.")}
	none := []core.Reason{core.ReasonImportNotFound}
	const ofOwn = " A key with the role issue reaches the imports that it has made itself."
	return []kit.Route{
		s.createImportRoute(),
		{
			Method: "GET", Path: "/imports", Permission: core.PermissionFollow,
			Endpoint: s.listImports, Tag: tagImports,
			ID: "listImports", Summary: "List imports", Description: "Newest first." + ofOwn,
			Parameters: kit.Paging(), Response: kit.JSON[kit.List[*importFields]]("ImportList"),
		},
		{
			Method: "GET", Path: "/imports/{id}", Permission: core.PermissionFollow,
			Endpoint: s.getImport, Tag: tagImports,
			ID: "getImport", Summary: "See how far an import is", Description: "Also while its file arrives." + ofOwn,
			Parameters: imported, Response: kit.JSON[importFields]("Import"), Reasons: none,
		},
		{
			Method: "POST", Path: "/imports/{id}/cancel", Permission: core.PermissionIssue,
			Endpoint: s.cancelImport, Tag: tagImports,
			ID: "cancelImport", Summary: "Stop an import",
			Description: "What is accepted stays; who sends the file gets the report. Canceling twice changes nothing." +
				ofOwn,
			Parameters: imported, Request: kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[importFields]("Import"), Reasons: append(none, core.ReasonImportFinished),
		},
		{
			Method: "GET", Path: "/imports/{id}/rejected", Permission: core.PermissionFollow,
			Endpoint: s.downloadRejected, Tag: tagImports,
			ID: "downloadRejected", Summary: "Get the lines that an import has rejected",
			Description: fmt.Sprintf("CSV: the original cells, then _line, _reason and _detail. Columns that begin with "+
				"_ are read past, so the mended file can be sent as it is. The first %d are kept for 30 days.",
				bulk.MaxRejectedLines) + ofOwn,
			Parameters: imported, Files: export.CSV.MediaTypes(), Streams: true,
			Reasons: append(none, core.ReasonRejectedLinesExpired),
		},
	}
}

func (s *server) createImportRoute() kit.Route {
	return kit.Route{
		Method: "POST", Path: "/imports", Permission: core.PermissionIssue,
		Endpoint: s.createImport, Tag: tagImports,
		ID: "createImport", Summary: "Import a file of codes",
		Description: "The file is the body, as it is or packed with gzip, up to 1 GiB unpacked. It is read while it " +
			"arrives, and the answer is the report. A file that cannot be read to its end is refused with the id of " +
			"the import; the lines before stay. onExisting=update takes the role full.",
		Parameters: []kit.Parameter{
			kit.InQuery("format", "Otherwise Content-Type says it.", kit.WordSchema(tableFormats)),
			kit.InQuery("onExisting", "What becomes of a line whose code the workspace has: fail (the default) rejects "+
				"it unless it says what the code is, skip passes over it, update changes the code.",
				kit.WordSchema(bulk.OnExistings())),
			kit.InQuery("dryRun", "Only say what would be done.", kit.TruthSchema()),
			kit.InQuery("atomic", fmt.Sprintf("Store all lines, up to %d, or none.", bulk.MaxAtomicLines),
				kit.TruthSchema()),
			kit.InQuery("batch", "The name of a batch that the new codes belong to.",
				kit.LongTextSchema(bulk.MaxBatchNameLength)),
			idempotencyKeyParameter("parameters gives the report of the first import, without reading the file, once that has " +
				"ended; if the file had not arrived as a whole, it is read again."),
		},
		Takes:    []string{export.CSV.MediaTypes()[0], export.NDJSON.MediaTypes()[0]},
		Response: kit.JSON[importFields]("Import"), Replays: true, Streams: true,
		Reasons: []core.Reason{
			core.ReasonInvalidFile, core.ReasonFileTooLarge, core.ReasonImportRunning,
			core.ReasonInvalidIdempotencyKey, core.ReasonIdempotencyKeyReused,
		},
	}
}
