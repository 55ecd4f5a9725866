package cached

// MaxEntries is how many keys are remembered at most.
const MaxEntries = maxEntries

// Len returns how many keys are remembered.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.entries)
}
