package api

import "accesscodes/internal/core"

// What is empty in the program is null in JSON.

// orNull returns a text as JSON shows it; nil for none.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// idOrNull returns an id as JSON shows it; nil for none.
func idOrNull(id core.ID) *string {
	if id.IsZero() {
		return nil
	}
	text := id.String()
	return &text
}
