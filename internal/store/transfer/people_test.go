package transfer_test

import (
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
)

// addPeople stores a person with all that is theirs, and a link.
func addPeople(t *testing.T, s store, c contents) {
	t.Helper()
	ctx := t.Context()
	workspace := c.workspaces[0].ID
	mara := member.Member{
		ID: newID(t), Email: "mara@example.org", Name: "Mara Łindt", Password: "$argon2id$…", Language: "de", Operator: true,
		CreatedAt: now,
	}
	link := member.Link{
		ID: newID(t), Kind: member.LinkInvite, Email: mara.Email, WorkspaceID: workspace, Role: member.RoleOwner,
		Operator: true, CreatedByName: "the command line", CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	_, err := s.InsertLink(ctx, link, member.TokenHash{1})
	must(t, err)
	session := member.Session{
		ID: newID(t), MemberID: mara.ID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour), Address: "192.0.2.1",
	}
	must(t, s.AcceptLink(ctx, &member.Acceptance{
		Token: member.TokenHash{1}, Link: link, Member: mara, New: true, Session: session, SessionHash: member.TokenHash{3},
		DeviceHash: member.TokenHash{6}, At: now, Events: func([]core.ID) ([]*event.Event, error) { return nil, nil },
	}))
	link.ID, link.Email, link.CreatedBy, link.CreatedByName = newID(t), "priya@example.org", mara.ID, mara.Name
	_, err = s.InsertLink(ctx, link, member.TokenHash{2})
	must(t, err)
	other := session
	other.ID, other.Agent = newID(t), "Firefox"
	must(t, s.InsertSession(ctx, other, member.TokenHash{4}, member.TokenHash{5}))
	must(t, s.DeleteOtherSessions(ctx, mara.ID, other.ID))
}
