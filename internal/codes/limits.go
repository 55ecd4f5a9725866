package codes

import "time"

// Limits of what one workspace may read from the store at once, besides look-ups of single things.
const (
	// ListsAtOnce is how many lists and searches of one workspace are read at once.
	ListsAtOnce = 2
	// listsWaiting is how many more may wait for their turn.
	listsWaiting = 16
	// listWait is how long each of them waits at most.
	listWait = time.Second
	// suggestionsAtOnce is how many searches for typos run at once. Further ones give no suggestion.
	suggestionsAtOnce = 1
)
