package bulk

import "accesscodes/internal/core"

// What is said of imports that failed.
var (
	uploadBrokeOff = core.NewSentence("upload_broke_off", "the upload broke off")
	serverStopped  = core.NewSentence("server_stopped", "the server that read the file was stopped")
	couldNotGoOn   = core.NewSentence("could_not_go_on", "the server could not go on")
	databaseAway   = core.NewSentence("database_away", "the database was away")
	rightLost      = core.NewSentence("right_lost", "whoever sent it lost the right to do this")
	sendAgain      = core.NewSentence("send_again", "send the same file again")
	linesStay      = core.NewSentence("lines_stay", "{count} lines were accepted before, and their codes stay")
	notWhole       = core.NewSentence("not_whole", "{count} lines are rejected, so nothing is stored")
	atomicTooLarge = core.NewSentence("atomic_too_large", "an atomic import takes up to {lines} lines of {mib} MiB "+
		"together; send the file without atomic, or in parts")
	earlierLine = core.NewSentence("earlier_line", "an earlier line has this code, with other values")
)

// What is said of batches and exports.
var (
	fewValuesFree = core.NewSentence("few_values_free",
		"hardly any value of the format {format} is free; make the rest in a format with longer groups")
	allValuesWords = core.NewSentence("all_values_words",
		"every value of the format {format} holds a word of the word filter; make the rest in another format")
	wrongCount   = core.NewSentence("wrong_count", "count must be from 1 to {max}")
	tooFewValues = core.NewSentence("too_few_values",
		"the format {format} has {space} values, about {free} of them free: {each} for each of {count} codes, "+
			"and at least {min} are needed, so that codes cannot be guessed; give it more or longer groups")
	sheetTooSmall = core.NewSentence("sheet_full",
		"a sheet holds {most} rows and there are more: take format=csv, or fewer by a filter")
)
