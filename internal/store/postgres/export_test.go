package postgres

import "accesscodes/internal/access"

// Query is a statement with its arguments, as tests explain it.
type Query struct {
	Text string
	Args []any
}

// CodesQuery lists codes of one type.
func CodesQuery(q *access.CodeQuery, t access.Type, found []string, isFew bool) Query {
	text, args := codesQuery(q, t, found, isFew)
	return Query{text, args}
}

// Searches look up what a text finds.
func Searches(q *access.CodeQuery) (all []Query) {
	for _, s := range searches(q) {
		all = append(all, Query{s.query, s.args})
	}
	return all
}

// RedemptionsQuery lists redemptions.
func RedemptionsQuery(q *access.RedemptionQuery) Query {
	text, args := redemptionsQuery(q)
	return Query{text, args}
}

// UsersQuery lists users.
func UsersQuery(q *access.UserQuery) Query {
	text, args := usersQuery(q)
	return Query{text, args}
}
