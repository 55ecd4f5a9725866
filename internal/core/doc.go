// Package core is the vocabulary that every area shares: ids, errors and their reasons, who
// asks and what they may do, the canonical form and the format of codes, pages and cursors.
// It holds no rule of an area, and imports nothing of this module.
package core
