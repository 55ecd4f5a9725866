// Package why answers why a code does not work for a person, and finds what a text in a search box
// means. Its answers are data: kinds, positions and numbers, which pages put into a language.
//
// It is an area of its own because it asks three others: codes, the log and bulk work. The rules
// stay with codes; nothing here decides whether a code can be redeemed.
package why
