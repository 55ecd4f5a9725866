package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// How often the progress of long work is shown.
const (
	barEvery  = 100 * time.Millisecond // on a terminal
	lineEvery = 10 * time.Second       // elsewhere
)

// clearRest clears the rest of a terminal's line (ECMA-48 EL).
const clearRest = "\x1b[K"

// progress shows how far long work is: as a bar on a terminal, as a line now and then elsewhere. It is safe
// for concurrent use.
type progress struct {
	to    io.Writer
	quiet bool // nothing is shown

	mu      sync.Mutex // of what follows
	state   state
	started time.Time
	shown   time.Time
	drawn   int64 // what the bar on the terminal shows; -1: there is no bar
}

// state is how far work is.
type state struct {
	stage       string
	bytes       bool          // it is counted in bytes
	done, total int64         // total is 0 if it is not known
	since       int64         // what was done before
	took        time.Duration // for the rest
}

func newProgress(to io.Writer) *progress { return &progress{to: to, drawn: -1} }

// terminalWidth is how many columns there are where something is written to; 0: it is no terminal.
func terminalWidth(to io.Writer) int {
	file, ok := to.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width < 1 { // a terminal that does not know
		return 80
	}
	return width
}

// start begins to show work, some of which may be done.
func (p *progress) start(s state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	p.started = time.Now()
	p.state, p.shown = s, p.started
}

// set says how much is done.
func (p *progress) set(done int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.done = done
	p.show()
}

// Begin implements [transfer.Progress].
func (p *progress) Begin(stage string, rows int64) {
	p.start(state{stage: stage, total: rows})
	if terminalWidth(p.to) == 0 {
		_, _ = fmt.Fprintf(p.to, "%s %d rows\n", stage, rows) // it only informs
	}
}

// Add implements [transfer.Progress].
func (p *progress) Add(rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.done += int64(rows)
	p.show()
}

// Write implements [io.Writer]: it counts what is written elsewhere.
func (p *progress) Write(text []byte) (int, error) {
	p.Add(len(text))
	return len(text), nil
}

// reached shows on a terminal at once what is done.
func (p *progress) reached() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if width := terminalWidth(p.to); width > 0 && !p.quiet {
		p.shown, p.state.took = time.Now(), time.Since(p.started)
		p.draw(width)
	}
}

// end shows what was reached.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
}

// show shows where the work is if that was not shown a moment ago.
func (p *progress) show() {
	if p.quiet {
		return
	}
	now := time.Now()
	if now.Sub(p.shown) < barEvery {
		return
	}
	width := terminalWidth(p.to)
	if width == 0 && now.Sub(p.shown) < lineEvery {
		return
	}
	p.shown, p.state.took = now, now.Sub(p.started)
	if width == 0 {
		_, _ = fmt.Fprintln(p.to, p.state.line()) // it only informs
		return
	}
	p.draw(width)
}

// finish leaves a bar on its line.
func (p *progress) finish() {
	if p.drawn < 0 {
		return
	}
	if width := terminalWidth(p.to); width > 0 && p.drawn != p.state.done {
		p.state.took = time.Since(p.started)
		p.draw(width)
	}
	p.drawn = -1
	_, _ = fmt.Fprintln(p.to) // it only informs
}

func (p *progress) draw(width int) {
	bar := p.state.bar(width - 1)                      // the last column would break the line
	_, _ = fmt.Fprintf(p.to, "\r%s%s", bar, clearRest) // it only informs
	p.drawn = p.state.done
}

// parts are what is known, the most important first: how much, how long it will take, how fast, how many.
func (s state) parts() (all []string) {
	rate := int64(0)
	if s.took > 0 {
		rate = int64(float64(s.done-s.since) / s.took.Seconds())
	}
	if s.total > 0 {
		all = append(all, fmt.Sprintf("%d%%", 100*s.done/s.total), s.left(rate))
	}
	all = append(all, s.number(rate)+"/s")
	if s.total > 0 {
		return append(all, s.number(s.done)+" of "+s.number(s.total))
	}
	return append(all, s.number(s.done))
}

// left is how long the rest will take at a rate.
func (s state) left(rate int64) string {
	switch {
	case s.done >= s.total:
		return "in " + s.took.Round(time.Second).String()
	case rate <= 0:
		return "stands still"
	default:
		left := time.Duration(float64(s.total-s.done) / float64(rate) * float64(time.Second))
		return max(time.Second, left.Round(time.Second)).String() + " left"
	}
}

func (s state) number(n int64) string {
	if s.bytes {
		return byteCount(n)
	}
	return grouped(n)
}

// line is the state as a text.
func (s state) line() string { return s.stage + " " + strings.Join(s.parts(), ", ") }

// Widths of the bar itself: there are two, so that it does not change with every number.
const (
	shortBar = 10
	longBar  = 20
)

// bar is the state in so many columns: what has no room is left out. The bar itself comes before how many.
func (s state) bar(width int) string {
	parts := s.parts()
	rest := func() string { return "  " + strings.Join(parts, "  ") }
	if s.total > 0 && len(s.stage+rest())+len("  ")+shortBar > width {
		parts = parts[:len(parts)-1]
	}
	for len(parts) > 1 && len(s.stage+rest()) > width {
		parts = parts[:len(parts)-1]
	}
	text := s.stage + rest()
	room := width - len(text) - len("  ")
	switch {
	case s.total == 0 || room < shortBar:
		return text[:min(len(text), max(width, 0))]
	case room >= longBar:
		room = longBar
	default:
		room = shortBar
	}
	full := int(int64(room) * min(s.done, s.total) / s.total)
	return s.stage + "  " + strings.Repeat("█", full) + strings.Repeat("░", room-full) + rest()
}

// byteCount is a number of bytes for people.
func byteCount(n int64) string {
	value, unit := float64(n), 0
	for units := "kMGT"; value >= 1000 && unit < len(units); unit++ {
		value /= 1000
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGT"[unit-1])
}

// grouped is a number with commas between thousands.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
