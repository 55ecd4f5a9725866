// Package bulk is what is done to many codes at once: batches of new ones, and changes
// of those that there are. Each is a job, which is
// done in steps by any node. It knows no HTTP and no SQL.
package bulk
