// Package event is the log of what happened in a workspace: what an event is and which
// there are, who did it, how events are made, read, followed and kept.
//
// Events are written by the store in the transaction of the change that they tell of. They
// get a position in their workspace's log when they are visible to everybody, so that a
// reader who asks for what comes after a position never misses one that commits late. The
// package holds no SQL and no HTTP.
package event
