package core

import (
	"time"
)

var yearTooFar = NewSentence("year_too_far", "{field} must be between the years 0 and 9999 in UTC")

// CheckYear refuses times that RFC 3339 cannot write in UTC.
func CheckYear(errs *FieldErrors, pointer, name string, t *time.Time) {
	if t != nil && (t.Year() < 0 || t.Year() > 9999) {
		errs.Add(ReasonInvalidValue, pointer, yearTooFar.With("field", name))
	}
}

// StoredTime returns t as every store keeps it: UTC, whole microseconds.
func StoredTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	stored := t.UTC().Truncate(time.Microsecond)
	return &stored
}
