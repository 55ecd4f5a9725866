// Package codes is the area of access codes and of what is done with them: redemptions,
// reservations, users. It holds the types, the rules, and the unit of work that the rules use to
// decide.
//
// It does not speak HTTP or SQL. Stores answer questions of fact through the interfaces in store.go;
// callers use [Services]. It knows nothing about workspaces and API keys beyond the [core.Actor] who
// asks.
package codes
