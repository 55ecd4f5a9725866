package upload

import "accesscodes/internal/core"

// What is said of a file as a whole.
var (
	fileWorkbook = core.NewSentence("file_workbook",
		"this file is an XLSX workbook or another ZIP archive; "+saveAsCSV)
	fileEmptyArchive = core.NewSentence("file_empty_archive", "this file is an empty ZIP archive; "+saveAsCSV)
	fileOldWorkbook  = core.NewSentence("file_old_workbook", "this file is an old Excel workbook (XLS); "+saveAsCSV)
	filePackedTwice  = core.NewSentence("file_packed_twice", "this file is packed with gzip twice; unpack it once")
	filePacked       = core.NewSentence("file_packed",
		"this file is packed with {program}; unpack it, or pack it with gzip")
	filePDF = core.NewSentence("file_pdf", "this file is a PDF; upload the table that it was made from, as CSV")
	fileRTF = core.NewSentence("file_rtf", "this file is an RTF document; save the table in it as CSV")
	fileSQL = core.NewSentence("file_sqlite", "this file is an SQLite database; export the table in it as CSV")
	fileUTF = core.NewSentence("file_encoding", "this file is {encoding}; "+saveAsUTF8)

	fileNoText = core.NewSentence("file_no_text",
		"this file is no text: its first line has NUL bytes; upload a CSV or NDJSON file")
	fileLatin1 = core.NewSentence("file_latin1",
		"this file is not UTF-8 but Latin-1, Windows-1252 or the like, as line {line} shows; "+saveAsUTF8)
	fileEmpty    = core.NewSentence("file_empty", "this file is empty; its first line must name the columns")
	fileMarkup   = core.NewSentence("file_markup", "this file is HTML or XML; upload a CSV or NDJSON file")
	fileJSONList = core.NewSentence("file_json_list",
		"this file is a JSON list; write one object on each line, without commas between (NDJSON)")
	fileJSON     = core.NewSentence("file_json", "this file is JSON; say format=ndjson for objects on a line each")
	fileNoNDJSON = core.NewSentence("file_no_ndjson",
		"this file is no NDJSON: its first line is no object; say format=csv for CSV")
	fileBrokenObjects = core.NewSentence("file_broken_objects",
		"this file is JSON with line breaks in its objects; write each object on one line (NDJSON)")

	fileTooLarge = core.NewSentence("file_too_large",
		"the file has more than 1 GiB; upload it in parts, each with the header")
	fileBomb = core.NewSentence("file_bomb",
		"the file unpacks to more than {most} times its size, which no file of codes does")
	filePackedBroken = core.NewSentence("file_packed_broken", "the packed file breaks off; upload it again")
	fileNotUnpacked  = core.NewSentence("file_not_unpacked",
		"the file begins like one that is packed with gzip, but cannot be unpacked")
)

const (
	saveAsCSV  = "open it in the spreadsheet and save it as “CSV UTF-8”"
	saveAsUTF8 = "save it as UTF-8; in Excel that is “CSV UTF-8”, in a text editor the encoding of “Save as”"
)

// What is said of the line that names the columns.
var (
	headerTooLong = core.NewSentence("header_too_long",
		"the first line is longer than {kib} KiB; it must name the columns")
	headerNoText = core.NewSentence("header_no_text", "the first line is not UTF-8 text; it must name the columns")
	headerBroken = core.NewSentence("header_broken",
		"the first line must name the columns, and its quotes or names are broken")
	tooManyColumns = core.NewSentence("too_many_columns",
		"the first line names {count} columns, and at most {most} are read")
	noCodeColumn = core.NewSentence("no_code_column",
		"the first line must name the columns, and no column is called “code”; columns are {known}")
	metadataTwice = core.NewSentence("metadata_twice",
		"the columns “metadata” and “metadata.KEY” say the same twice; leave one of them out")
	columnName = core.NewSentence("column_name",
		"the name of column {number} is too long or has characters that cannot be shown")
	columnTwice = core.NewSentence("column_twice",
		"the first line names the column “{column}” twice (columns {first} and {second})")
	columnsAlike = core.NewSentence("columns_alike",
		"the columns “{first}” and “{second}” are both read as {column}; leave one of them out, or begin its name with _")
	columnNameless = core.NewSentence("column_nameless", "column {number} has no name in the first line")
	jsonAlone      = core.NewSentence("json_alone",
		"the column “json” holds whole lines of NDJSON, so there can be no column “{column}”")
	wrongColumn   = core.NewSentence("wrong_column", "column “{column}”: {why}")
	unknownColumn = core.NewSentence("unknown_column",
		"the first line must name the columns, and there is no column {column}; it takes {known}")
	misspeltColumn = core.NewSentence("misspelt_column",
		"the first line must name the columns, and there is no column {column}; did you mean \"{meant}\"?")
)

// What was noticed about a file that was read.
var (
	notedSemicolons = core.NewSentence("noted_semicolons", "the file has semicolons between its cells")
	notedTabs       = core.NewSentence("noted_tabs", "the file has tabs between its cells")
	notedDigits     = core.NewSentence("noted_digits",
		"all codes are digits and not of one length: a spreadsheet may have taken off zeros at "+
			"their beginning; format the column as text before the codes are put in")
	notedColumn  = core.NewSentence("noted_column", "the column “{column}” is read as {as}")
	notedDecoded = core.NewSentence("noted_windows1252",
		"the file is read as Windows-1252, as Excel saves it: check that letters such as ä are right")
	notedPassed = core.NewSentence("noted_passed", "these columns were passed over: {columns}")
	notedDates  = core.NewSentence("noted_dates",
		"dates without a time of day are whole days in the time zone {zone}: expiresAt is the end of the day, "+
			"other times are its beginning")
	notedDayFirst = core.NewSentence("noted_day_first", "dates like 31.12.2031 are read as day, month and year")
)

// What is said of a line that cannot be split.
var (
	lineNoUTF8      = core.NewSentence("line_no_utf8", "the line is not UTF-8 text; save the file as UTF-8")
	lineNUL         = core.NewSentence("line_nul", "the line has NUL bytes, which are no text")
	lineTooLong     = core.NewSentence("line_too_long", "the line has more than 64 KiB")
	quoteNotDoubled = core.NewSentence("quote_not_doubled",
		`a quote (") in a cell must be doubled, and the cell put in quotes`)
	quotesOpen   = core.NewSentence("quotes_open", "the quotes of a cell are not closed")
	tooManyCells = core.NewSentence("too_many_cells", "the line has {count} cells and the header {columns}; "+
		"a cell with the separator in it must be put in quotes")
	tooFewCells = core.NewSentence("too_few_cells",
		"the line has {count} cells and the header {columns}, and the file ends in it: it may have been cut off")
	noObject     = core.NewSentence("no_object", "the line must be a JSON object")
	brokenObject = core.NewSentence("broken_object",
		"the line is not one valid JSON object; the fault is at byte {byte}")
	memberTwice    = core.NewSentence("member_twice", "the field “{column}” appears more than once")
	unknownMember  = core.NewSentence("unknown_member", "there is no field {column}; it takes {known}")
	misspeltMember = core.NewSentence("misspelt_member", "there is no field {column}; did you mean \"{meant}\"?")
)

// What is said of a value.
var (
	codeMissing   = core.NewSentence("code_missing", "code is required")
	typeMissing   = core.NewSentence("type_missing", "type is required for a new code")
	codeIsUsed    = core.NewSentence("code_is_used", "every use of this code is taken, so it is not taken in")
	codeMadeOther = core.NewSentence("code_made_other",
		"a spreadsheet has turned this code into a number, and its digits are lost; "+
			"format the column as text before the codes are put in")
	formulaError = core.NewSentence("formula_error",
		"{column} is {value}, the error of a formula in a spreadsheet; put the value itself into the cell")
	columnTooNarrow = core.NewSentence("column_too_narrow",
		"{column} is ###, which a spreadsheet shows where a column is too narrow; widen it and save again")
	noMetadata = core.NewSentence("no_metadata",
		`{column} must be a JSON object of strings, each name once: {"key":"text"}`)
	noJSONString = core.NewSentence("no_json_string", "{column} is no valid JSON string")

	mustBeText       = core.NewSentence("must_be_text", "{column} must be a string")
	mustBeTextOrNull = core.NewSentence("must_be_text_or_null", "{column} must be a string or null")
	mustBeTime       = core.NewSentence("must_be_time",
		"{column} must be a time like 2031-02-03T04:05:06Z (RFC 3339), or null")
	mustBeNumber = core.NewSentence("must_be_number", "{column} must be a whole number or null")
	mustBeWhole  = core.NewSentence("must_be_whole",
		"{column} must be a whole number, without a point and an exponent: 1, not 1.0")

	truthNoNumber = core.NewSentence("truth_no_number",
		"{column} is {value}, not a number; "+likeANumber+", or nothing for no limit")
	scientificNumber = core.NewSentence("scientific_number",
		"{column} has been turned into scientific notation by a spreadsheet; "+likeANumber)
	groupedNumber = core.NewSentence("grouped_number",
		"{column} has a separator of thousands or decimals; "+likeANumber)
	noWholeNumber = core.NewSentence("no_whole_number",
		"{column} must be a whole number, like 1000, or empty for no limit")

	localTime = core.NewSentence("local_time",
		"{column} is a date in a local format or without its time zone; "+likeATime)
	serialTime = core.NewSentence("serial_time",
		"{column} is a number, in which a spreadsheet counts days; "+likeATime)
	truthNoTime  = core.NewSentence("truth_no_time", "{column} is {value}, not a time; "+likeATime)
	noTime       = core.NewSentence("no_time", "{column} must be a time; "+likeATime)
	yearTooShort = core.NewSentence("year_too_short",
		"{column} is {value}, and its year needs four digits; write it like 31.12.2031")
	noSuchDay = core.NewSentence("no_such_day", "{column} is {value}, and there is no such day")
)

const (
	likeANumber = "write a whole number with digits alone, like 1000"
	likeATime   = "write it like 2031-12-31T23:59:00Z (RFC 3339, with the time zone)"
)
