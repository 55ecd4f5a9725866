// Package member is the area of people: who signs in to the console, how they prove it, and which
// role they have in which workspace. It knows nothing about codes, and does not speak HTTP or SQL.
package member
