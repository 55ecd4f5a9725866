package event

import "time"

// An absent value is null in the data of events.

// NumberOrNone returns a number as data shows it.
func NumberOrNone(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

// TimeOrNone returns a time as data shows it.
func TimeOrNone(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC()
}

// TextOrNone returns a text as data shows it.
func TextOrNone(text string) any {
	if text == "" {
		return nil
	}
	return text
}
