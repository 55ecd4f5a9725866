// Package codes is the area of access codes and of what becomes of them: redemptions,
// reservations, users. It holds the types, the rules, and the unit of work that rules decide by.
//
// It does not speak HTTP or SQL: stores answer questions of fact through the interfaces in
// store.go, callers come in through [Service].
package codes
