package upload

import (
	"regexp"
	"time"
)

// Days as people write them. With points, the day is first wherever that is written so; a date with
// slashes can be read in two ways, and is rejected.
var (
	isoDay    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	dottedDay = regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.\d{4}$`)
	// shortYear is a day that would be one with the century.
	shortYear = regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.\d{2}$`)
)

// handwritten is how people write a table, and what was seen of that.
type handwritten struct {
	zone         *time.Location // of days
	days, dotted bool
	decoded      bool // from Windows-1252
}

// day reads a day without a time. isDay: the text is written as one, whether there is such a day or not.
// What expires on a day expires at its end; everything else begins with its day.
func (h *handwritten) day(column, text string) (at time.Time, isDay bool, err error) {
	layout := time.DateOnly
	switch {
	case h == nil:
		return at, false, nil
	case isoDay.MatchString(text):
	case dottedDay.MatchString(text):
		layout, h.dotted = "2.1.2006", true
	default:
		return at, false, nil
	}
	h.days = true
	at, err = time.ParseInLocation(layout, text, h.zone)
	if column == expiresColumn {
		at = at.AddDate(0, 0, 1).Add(-time.Second)
	}
	return at, true, err
}
