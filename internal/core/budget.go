package core

// Budget tells a store when it has read enough for one page, so that a page of long entries is never
// in memory as a whole.
type Budget struct {
	left   int
	isOver bool // the entries so far have spent it
}

// NewBudget returns a budget of so many bytes; 0 or less: unlimited.
func NewBudget(bytes int) *Budget {
	if bytes <= 0 {
		bytes = int(^uint(0) >> 1)
	}
	return &Budget{left: bytes}
}

// Spend counts an entry that was read and reports whether to stop: the budget is spent, and one more
// entry was read, which shows the caller that the list goes on.
func (b *Budget) Spend(bytes int) (isEnough bool) {
	wasOver := b.isOver
	b.left -= bytes
	b.isOver = b.left < 0
	return wasOver
}
