// Package event is the log of what happened in a workspace. It defines the events and their types,
// who caused them, and how events are made, read, followed and kept.
//
// The store writes events in the transaction of the change that they describe. An event gets a
// position in its workspace's log when everybody can see it. So a reader who asks for the events
// after a position never misses one that commits late. The package does not speak HTTP or SQL, and
// has no rules about codes or workspaces.
package event
