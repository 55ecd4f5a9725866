// Package access is the vocabulary and the rules of access codes: what a code, a
// workspace and an API key are, how values are compared and generated, who may do
// what, and how a request becomes a stored fact.
//
// It decides; it does not speak HTTP or SQL. Stores answer questions of fact
// through the interfaces in store.go, callers come in through [Service]. The
// package needs nothing but the standard library.
package access
