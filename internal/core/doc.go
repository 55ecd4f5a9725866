// Package core is the vocabulary that every area shares: ids, errors and their reasons, actors and
// their permissions, the canonical form and the format of codes, pages and cursors. It holds no
// rules of an area and imports nothing of this module.
package core
