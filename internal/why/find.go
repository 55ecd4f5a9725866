package why

import "accesscodes/internal/core"

// Target is the kind of page on which a search ends.
type Target string

// The targets. With TargetNone there is nothing but [Found.Counts].
const (
	TargetNone     Target = ""
	TargetWhy      Target = "why"      // Value: what to explain
	TargetUser     Target = "user"     // Value: the id
	TargetBatch    Target = "batch"    // ID
	TargetImport   Target = "import"   // ID
	TargetChange   Target = "change"   // ID
	TargetKey      Target = "key"      // ID, Value: the display form
	TargetActivity Target = "activity" // Value: a request id
)

// Found is what a text in the search box means.
type Found struct {
	Target Target
	ID     core.ID
	Value  string
	Read   string // how the text is read as a code, in capitals; empty: it cannot be one
	Code   *CodeHit
	// Secret: the text was a whole API key. It must not be shown, kept or put into an address.
	Secret bool
	// Codes, Users and Batches are how much begins with the text. They are not counted with a Target
	// other than TargetWhy.
	Codes, Users, Batches Count
}

// CodeHit is the code that was found.
type CodeHit struct {
	Value  string
	Status string
}

// Count is a bounded count.
type Count struct {
	N    int
	More bool // there are more than N
}
