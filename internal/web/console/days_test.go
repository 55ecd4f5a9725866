package console

import (
	"testing"
	"time"
)

// TestADayBeginsWithItsFirstInstant: where clocks change at midnight, that is another hour.
func TestADayBeginsWithItsFirstInstant(t *testing.T) {
	for _, c := range []struct{ zone, date, want string }{
		{"UTC", "2026-11-27", "2026-11-27T00:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"},
		{"America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"},    // 00:00 to 01:00
		{"America/Santiago", "2026-09-07", "2026-09-07T03:00:00Z"},    //
		{"America/Santiago", "2026-04-05", "2026-04-05T04:00:00Z"},    // 24:00 to 23:00 the day before
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"},      // 01:00 to 00:00
		{"Atlantic/Azores", "2026-10-25", "2026-10-25T00:00:00Z"},     // 01:00 to 00:00
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"},        // 00:00 to 01:00
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},        // a day that there was not
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z"}, // by half an hour
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		date, err := time.Parse(time.DateOnly, c.date)
		if err != nil {
			t.Fatal(err)
		}
		if got := beginOf(date, zone).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s begins at %s, want %s", c.date, c.zone, got, c.want)
		}
	}
}
