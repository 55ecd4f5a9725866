package sheet

// fitted is a paragraph in the size and the lines that it fits in.
type fitted struct {
	paragraph
	points float64
	lines  [][]word
}

// height is that of all lines, in millimetres.
func (f fitted) height() float64 { return float64(len(f.lines)) * f.points * pointLength * leading }

// Steps of the search for a size.
const (
	sizeStep = 0.25 // points
	scaled   = 0.95 // all sizes, when the height is too small
	maxLines = 30
	// worthIt is how much larger a text must become by one more line.
	worthIt = 1.3
)

// fit finds the largest sizes in which paragraphs fit, one below the other, into a width and a height.
func fit(paragraphs []paragraph, width, height float64) ([]fitted, error) {
	for scale := 1.0; ; scale *= scaled {
		all := make([]fitted, 0, len(paragraphs))
		atLeast := true // all sizes are the smallest
		for _, p := range paragraphs {
			limit := max(smallest, p.size*scale)
			atLeast = atLeast && limit == smallest
			f, ok := fitWidth(p, width, limit)
			if !ok {
				return nil, tooLong(p)
			}
			all = append(all, f)
		}
		if blockHeight(all) <= height {
			return all, nil
		}
		if atLeast {
			return nil, tooLong(longest(all))
		}
	}
}

func tooLong(p paragraph) error {
	return &Mistake{Said: textTooLong.With("what", p.what, "points", millimetres(smallest))}
}

// longest returns the paragraph that takes the most room.
func longest(all []fitted) paragraph {
	most := all[0]
	for _, f := range all[1:] {
		if f.height() > most.height() {
			most = f
		}
	}
	return most.paragraph
}

// blockHeight is the height of paragraphs below one another.
func blockHeight(all []fitted) (height float64) {
	for i, f := range all {
		if i > 0 {
			height += f.space()
		}
		height += f.height()
	}
	return height
}

// space is what is left free above a paragraph, which shrinks with it.
func (f fitted) space() float64 { return f.above * min(1, f.points/f.size) }

// fitWidth finds the size, up to a limit, and the lines of a paragraph in a width. It takes one more
// line only if that makes the text much larger.
func fitWidth(p paragraph, width, limit float64) (best fitted, ok bool) {
	for count := 1; count <= maxLines && best.points < limit; count++ {
		for size := limit; size > best.points*worthIt; size = max(size-sizeStep, smallest) {
			if lines, fits := breakLines(p.words, width/size, count); fits {
				best, ok = fitted{paragraph: p, points: size, lines: lines}, true
				break
			}
			if size == smallest {
				break
			}
		}
	}
	return best, ok
}

// breakLines fills lines of a width, at most so many, for a size of one point.
func breakLines(words []word, width float64, most int) (lines [][]word, fits bool) {
	start, used := 0, 0.0
	for i, w := range words {
		if w.width > width {
			return nil, false
		}
		if i > start && used+w.width > width {
			lines = append(lines, words[start:i])
			start, used = i, 0
		}
		if len(lines) == most {
			return nil, false
		}
		used += w.width + w.gap
	}
	return append(lines, words[start:]), true
}

// lineWidth is how wide a line is, for a size of one point.
func lineWidth(line []word) (width float64) {
	for i, w := range line {
		width += w.width
		if i < len(line)-1 {
			width += w.gap
		}
	}
	return width
}
