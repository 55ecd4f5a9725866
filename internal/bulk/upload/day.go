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
)

// dates is how days are read, and what was seen of them.
type dates struct {
	zone          *time.Location // nil: UTC
	whole, dotted bool
}

func (d *dates) location() *time.Location {
	if d.zone == nil {
		return time.UTC
	}
	return d.zone
}

// day reads a day without a time. isDay: the text is written as one, whether there is such a day or not.
// What expires on a day expires at its end; everything else begins with its day.
func (d *dates) day(column, text string) (at time.Time, isDay bool, err error) {
	layout := time.DateOnly
	switch {
	case isoDay.MatchString(text):
	case dottedDay.MatchString(text):
		layout, d.dotted = "2.1.2006", true
	default:
		return at, false, nil
	}
	d.whole = true
	at, err = time.ParseInLocation(layout, text, d.location())
	if column == expiresColumn {
		at = at.AddDate(0, 0, 1).Add(-time.Second)
	}
	return at, true, err
}
