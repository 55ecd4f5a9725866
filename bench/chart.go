package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// chartsFolder holds the charts that the documentation shows.
const chartsFolder = "docs/charts"

// chart is a picture of horizontal bars, in groups.
type chart struct {
	file, title string
	groups      []barGroup
}

type barGroup struct {
	name string
	bars []bar
}

// bar is a rate. Its style is one of those in chartStyle.
type bar struct {
	name, style string
	rate        float64
}

// drawCharts writes the charts of everything that was ever measured.
func drawCharts(all measurements) error {
	if err := os.MkdirAll(chartsFolder, 0o755); err != nil {
		return err
	}
	for _, c := range []chart{issuingChart(all), requestsChart(all), scaleChart(all)} {
		if len(c.groups) == 0 {
			continue // nothing of it was measured yet
		}
		if err := os.WriteFile(filepath.Join(chartsFolder, c.file), []byte(c.svg()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// issuingChart is what issues how many codes, the fastest first.
func issuingChart(all measurements) chart {
	c := chart{file: "issuing.svg", title: "Codes issued per second, 64 connections, two cores"}
	r, _ := all.find("generate")
	c.add("", bars(r, map[string]string{
		onSQLite:        "accesscodes on SQLite",
		onPostgres:      "accesscodes on PostgreSQL",
		bareServer.name: "net/http that does nothing",
		pgbenchName:     "pgbench, one insert each",
		pocketBase.name: "PocketBase, one record each",
		pds.name:        "Bluesky PDS, invite codes",
	}))
	return c
}

// requestsChart is every kind of request beside the bare server.
func requestsChart(all measurements) chart {
	c := chart{file: "requests.svg", title: "Requests per second, 64 connections, two cores"}
	for _, kase := range cases {
		if r, ok := all.find(kase.title()); ok && len(r.Readings[bareServer.name]) > 0 {
			c.add(r.Case, bars(r, map[string]string{
				onSQLite: onSQLite, onPostgres: onPostgres, bareServer.name: "bare net/http",
			}))
		}
	}
	return c
}

// scaleChart is the same requests on databases of different sizes.
func scaleChart(all measurements) chart {
	c := chart{file: "scale.svg", title: "Requests per second by the number of codes in the database"}
	for _, k := range scaleKinds {
		r, _ := all.find("scale: " + k.name)
		for _, engine := range []string{onSQLite, onPostgres} {
			names := map[string]string{}
			for _, subject := range r.Subjects {
				if size, ok := strings.CutPrefix(subject, engine+", "); ok {
					names[subject] = size
				}
			}
			c.add(k.name+", "+engine, bars(r, names))
		}
	}
	return c
}

// bars are the medians of those subjects that have a name, in the order of the result.
func bars(r result, names map[string]string) (all []bar) {
	styles := map[string]string{onSQLite: "sqlite", onPostgres: "postgres"}
	for _, subject := range r.Subjects {
		if m, ok := r.median(subject); ok && names[subject] != "" {
			engine, _, _ := strings.Cut(subject, ",")
			all = append(all, bar{names[subject], styles[engine], m.Rate})
		}
	}
	return all
}

func (c *chart) add(name string, bars []bar) {
	if len(bars) > 0 {
		c.groups = append(c.groups, barGroup{name, bars})
	}
}

// chartStyle is right in a light and in a dark page: a picture in a README is shown in both.
const chartStyle = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.group { font-weight: 600 }
rect { fill: #8c959f }
.sqlite { fill: #0969da }
.postgres { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  rect { fill: #6e7681 }
  .sqlite { fill: #4493f8 }
  .postgres { fill: #3fb950 }
}
`

// Measures of a chart, in pixels.
const (
	chartWidth = 760
	nameWidth  = 220 // left of the bars
	rateWidth  = 80  // right of them
	lineHeight = 24
)

// svg draws the chart. What it shows stands in it as text, for those who cannot see it, too.
func (c chart) svg() string {
	most, lines := 0.0, 2
	for _, g := range c.groups {
		lines += len(g.bars) + 1
		for _, b := range g.bars {
			most = math.Max(most, b.rate)
		}
	}
	height := lines * lineHeight
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" `+
		`role="img" aria-labelledby="title">`+"\n",
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&s, "<title id=\"title\">%s</title>\n<style>%s</style>\n", html.EscapeString(c.title), chartStyle)
	y := lineHeight
	text := func(x int, class, anchor, content string) {
		fmt.Fprintf(&s, `<text x="%d" y="%d" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor,
			html.EscapeString(content))
	}
	text(0, "title", "start", c.title)
	for _, g := range c.groups {
		y += lineHeight
		if g.name != "" {
			text(0, "group", "start", g.name)
			y += lineHeight
		}
		for _, b := range g.bars {
			width := int(b.rate / most * (chartWidth - nameWidth - rateWidth))
			text(nameWidth-8, "name", "end", b.name)
			fmt.Fprintf(&s, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" class="%s"/>`+"\n", nameWidth, y-14,
				max(1, width), 18, b.style)
			text(nameWidth+width+8, "rate", "start", thousands(b.rate))
			y += lineHeight
		}
		y -= lineHeight
	}
	s.WriteString("</svg>\n")
	return s.String()
}
