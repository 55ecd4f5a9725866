package codes_test

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// codesDrawn gives each symbol an expected count of 2,000 at each position.
const codesDrawn = 64_000

// chiSquaredLimit is what the statistic of a uniform position exceeds once in eight
// million times: the quantile 1-1e-6/8 of the chi-squared distribution with 31 degrees
// of freedom (32 symbols less one). A code has eight positions, so a run of the test
// fails by chance about once in a million.
const chiSquaredLimit = 89.79

func TestEverySymbolIsEquallyLikelyAtEveryPosition(t *testing.T) {
	for position, statistic := range chiSquared(t, core.SystemEntropy()) {
		if statistic > chiSquaredLimit {
			t.Errorf("position %d: chi-squared %.1f, at most %.1f expected", position, statistic, chiSquaredLimit)
		}
	}
}

// TestABiasedSourceIsNoticed shows that the test above can fail. Numbers brought into a
// range by a remainder are the usual mistake: the first few come up too often.
func TestABiasedSourceIsNoticed(t *testing.T) {
	for position, statistic := range chiSquared(t, remainders{core.SystemEntropy(), 250}) {
		if statistic <= chiSquaredLimit {
			t.Errorf("position %d: chi-squared %.1f, more than %.1f expected", position, statistic, chiSquaredLimit)
		}
	}
}

// remainders are random bytes modulo a number.
type remainders struct {
	source io.Reader
	modulo byte
}

func (r remainders) Read(p []byte) (int, error) {
	n, err := r.source.Read(p)
	for i := range p[:n] {
		p[i] %= r.modulo
	}
	return n, err
}

// chiSquared generates codes as a server does and returns for each random position how far the
// counts of the symbols are from equal.
func chiSquared(t *testing.T, entropy io.Reader) [8]float64 {
	t.Helper()
	var counts [8][256]int
	service, caller := newFakeService(t, &fakeStore{
		insertCodes: func(list []*codes.NewCode) ([]codes.InsertResult, error) {
			random := strings.ReplaceAll(strings.TrimPrefix(list[0].Value, "ACME-"), "-", "")
			for position := range counts {
				counts[position][random[position]]++
			}
			return make([]codes.InsertResult, len(list)), nil
		},
	}, bufio.NewReader(entropy))
	for range codesDrawn {
		if _, err := service.GenerateCode(t.Context(), caller, normal("")); err != nil {
			t.Fatal(err)
		}
	}
	const expected = float64(codesDrawn) / float64(len(core.Alphabet))
	var statistics [8]float64
	for position := range counts {
		for _, symbol := range core.Alphabet {
			off := float64(counts[position][symbol]) - expected
			statistics[position] += off * off / expected
		}
	}
	return statistics
}
