// Package repo tests the repository itself: who imports whom, that packages, flags and
// shell commands are documented and that the documents are true, that nothing generated
// is stale. What the program does is tested elsewhere.
package repo
