package sheet

// Crop marks, in millimetres.
const (
	cropLength = 4.0  // of a mark in the margin
	cropAway   = 1.0  // from the cards
	cropInside = 1.5  // how far a mark between cards that touch reaches into them
	cropWidth  = 0.08 // a hairline
)

// stroke is a line from one point to another.
type stroke struct{ x1, y1, x2, y2 float64 }

// cropMarks returns where to cut. Those in the margin are for the first cuts; those between cards are
// for the strips that these leave.
func (l Layout) cropMarks() (marks []stroke) {
	first := l.card(0)
	across := marksAlong(edges(l.Columns, first.x, first.w, l.Gap), spans(l.Rows, first.y, first.h, l.Gap))
	for _, mark := range across {
		marks = append(marks, stroke{mark.at, mark.from, mark.at, mark.to})
	}
	down := marksAlong(edges(l.Rows, first.y, first.h, l.Gap), spans(l.Columns, first.x, first.w, l.Gap))
	for _, mark := range down {
		marks = append(marks, stroke{mark.from, mark.at, mark.to, mark.at})
	}
	return marks
}

// edges lists where cards begin and end in one direction; cards that touch share an edge.
func edges(count int, start, length, gap float64) (all []float64) {
	for i := range count {
		at := start + float64(i)*(length+gap)
		if i == 0 || gap > 0 {
			all = append(all, at)
		}
		all = append(all, at+length)
	}
	return all
}

// span is a part of a cut that is marked.
type span struct{ from, to float64 }

// spans lists the marked parts of each cut: before the first card, between cards, behind the last.
func spans(count int, start, length, gap float64) []span {
	inside := 0.0
	if gap == 0 {
		inside = cropInside
	}
	all := []span{{start - cropAway - cropLength, start - cropAway}}
	for i := range count - 1 {
		end := start + float64(i)*(length+gap) + length
		all = append(all, span{end - inside, end + gap + inside})
	}
	end := start + float64(count)*(length+gap) - gap
	return append(all, span{end + cropAway, end + cropAway + cropLength})
}

// mark is one part of a cut at a place.
type mark struct {
	at float64
	span
}

func marksAlong(cuts []float64, parts []span) (all []mark) {
	for _, at := range cuts {
		for _, part := range parts {
			all = append(all, mark{at, part})
		}
	}
	return all
}
