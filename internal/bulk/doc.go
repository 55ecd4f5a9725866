// Package bulk is about many rows at once: batches of new codes and changes of those that there are,
// each a job that is done in steps by any node; and exports, which stream whole lists, a page at a time.
// It has rules and file formats, and neither HTTP nor SQL.
package bulk
