package main

import (
	"fmt"
	"strings"
)

// report prints the medians, as a table that the documentation can show, and the ratios that
// the goals are about.
func report(results []result) {
	fmt.Println("\nMedians")
	fmt.Println("| case | | per second | p50 | p99 | CPU for a million | memory | |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		for _, subject := range r.Subjects {
			m, _ := r.median(subject)
			fmt.Printf("| %s | %s | %s |\n", r.Case, subject, strings.Join(m.cells(), " | "))
		}
	}
	fmt.Println("\nRatios")
	fmt.Println("| | ratio | goal |")
	fmt.Println("|---|---|---|")
	for _, r := range ratios(results) {
		fmt.Println(r)
	}
}

// cells are a reading as cells of a table.
func (r reading) cells() []string {
	cell := func(known float64, format string, value any) string {
		if known == 0 {
			return ""
		}
		return fmt.Sprintf(format, value)
	}
	note := r.Note
	if r.BytesPerCode != 0 {
		note = fmt.Sprintf("%.0f bytes for a code", r.BytesPerCode)
	}
	return []string{
		thousands(r.Rate), cell(float64(r.P50), "%.2f ms", ms(r.P50)), cell(float64(r.P99), "%.2f ms", ms(r.P99)),
		cell(r.CPUPerMillion, "%.1f s", r.CPUPerMillion), cell(r.PeakMiB+r.IdleMiB, "%.0f MiB", r.PeakMiB+r.IdleMiB), note,
	}
}

// thousands writes a rate with commas.
func thousands(rate float64) string {
	if rate == 0 {
		return ""
	}
	text := fmt.Sprintf("%.0f", rate)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// goal is a ratio that is to be reached.
type goal struct {
	of, to point
	atMost bool // the ratio must not be above the goal, and is one of times: p99 to p50
	tails  bool // with atMost: p99 to p99
	goal   float64
}

// point is a subject of a case.
type point struct{ kase, subject string }

func (p point) String() string { return p.kase + ", " + p.subject }

// other names what the goal compares with: of the same case, the subject alone.
func (g goal) other() string {
	if g.of.kase == g.to.kase {
		return g.to.subject
	}
	return g.to.String()
}

// goals are what the figures are held against.
func goals() (all []goal) {
	beside := func(kase, to string, sqlite, postgres float64) {
		if sqlite != 0 {
			all = append(all, goal{of: point{kase, onSQLite}, to: point{kase, to}, goal: sqlite})
		}
		if postgres != 0 {
			all = append(all, goal{of: point{kase, onPostgres}, to: point{kase, to}, goal: postgres})
		}
	}
	bare := bareServer.name
	beside(bulkBatch, shellName, 0.5, 0)
	beside(bulkBatch, bulkInsertName, 0, 0.7)
	beside("generate", bare, 0.55, 0.55)
	beside("generate", pocketBase.name, 10, 0)
	beside("generate", pgbenchName, 0, 1.8)
	beside("add", bare, 0.5, 0.5)
	beside("validate", bare, 0.6, 0.45)
	beside("redeem, one shared code", bare, 0.35, 0.3)
	beside("redeem, one code each", bare, 0.35, 0.3)
	for _, engine := range []string{onSQLite, onPostgres} {
		all = append(all,
			goal{of: point{"redeem, one shared code", engine}, to: point{"redeem, one code each", engine}, goal: 0.7},
			goal{of: point{"list", engine + farPage}, to: point{"list", engine + firstPage}, goal: 0.5},
			goal{of: point{"half load", engine}, to: point{"half load", diskName}, goal: 5, atMost: true})
		all = append(all, goal{
			of:   point{"scale: generate", sizedName(engine, 10*million)},
			to:   point{"scale: generate", sizedName(engine, 10_000)},
			goal: 0.8,
		})
		for _, busy := range []string{besideBatch, besideChange} {
			all = append(all, goal{
				of: point{bulkGenerate, engine + busy}, to: point{bulkGenerate, engine + alone},
				goal: 3, atMost: true, tails: true,
			})
		}
	}
	return all
}

// ratios are the lines of the table of those goals whose subjects were both measured.
func ratios(results []result) (lines []string) {
	medians := map[point]reading{}
	for _, r := range results {
		for _, subject := range r.Subjects {
			medians[point{r.Case, subject}], _ = r.median(subject)
		}
	}
	for _, g := range goals() {
		of, to := medians[g.of], medians[g.to]
		if of.Rate == 0 || to.Rate == 0 {
			continue
		}
		if g.atMost {
			than := to.P50
			if g.tails {
				than = to.P99
			}
			ratio := float64(of.P99) / float64(than)
			lines = append(lines, fmt.Sprintf("| p99 of %s ÷ %s | %s | at most %g |",
				g.of, g.other(), bold(ratio, ratio <= g.goal), g.goal))
			continue
		}
		ratio := of.Rate / to.Rate
		lines = append(lines, fmt.Sprintf("| %s ÷ %s | %s | %g |", g.of, g.other(), bold(ratio, ratio >= g.goal), g.goal))
	}
	return lines
}

// bold writes a ratio that reaches its goal in bold.
func bold(ratio float64, reached bool) string {
	if reached {
		return fmt.Sprintf("**%.2f**", ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}
