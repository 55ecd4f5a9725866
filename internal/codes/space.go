package codes

import (
	"math/big"

	"accesscodes/internal/core"
)

// SafeValues returns how many different values generated codes of a format can have: all but those
// that hold a word, exactly. It takes up to some hundredths of a second.
func (s *Service) SafeValues(format core.Format) *big.Int {
	return s.words.Count(format.Prefix, s.alphabet, format.Length())
}

// probes returns how many values of a format are looked at to find a free one.
func (s *Service) probes(format core.Format) int64 {
	const most = maxProbes << 4 // a filter leaves a tenth or more, so here are enough without counting
	if format.Space(len(s.alphabet)) >= most {
		return maxProbes
	}
	return min(s.SafeValues(format).Int64(), maxProbes)
}
