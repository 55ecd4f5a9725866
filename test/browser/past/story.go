package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

const (
	firstDay = 42                             // how many days ago it all began
	slug     = "default"                      // which the flows open
	password = "correct horse battery staple" // as the flows have it
)

var guests = []string{
	"Ana Costa", "Ben Okafor", "Chloé Martin", "Daniel Roth", "Elif Kaya", "Finn Larsen", "Grace Chen", "Hugo Silva",
	"Ines Moreau", "Jakub Nowak", "Karim Haddad", "Lena Fischer", "Marta Rossi", "Noor Haddad", "Oskar Lind", "Tom Becker",
}

// people are the workspace, its keys and who works there.
func (w *world) people() []deed {
	return []deed{
		{w.ago(firstDay, 9, 2), w.begin},
		{w.ago(firstDay, 9, 20), func(ctx context.Context) error {
			_, err := w.invite(ctx, "Jonas Weber", member.RoleSupport)
			return err
		}},
		{w.ago(firstDay, 10, 5), func(ctx context.Context) error {
			who, err := w.invite(ctx, "Priya Nair", member.RoleEditor)
			w.priya, _, _ = who.Actor(slug)
			return err
		}},
	}
}

// begin makes the workspace, its keys and Mara, who owns it.
func (w *world) begin(ctx context.Context) error {
	var err error
	format := core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4}
	if w.workspace, err = w.tenancy.CreateWorkspace(ctx, slug, "Acme Inc.", format); err != nil {
		return err
	}
	token, err := w.members.Links.SetUp(ctx)
	if err != nil {
		return err
	}
	signed, err := w.members.Links.Accept(ctx, token, member.NewPerson{
		Email: "mara@acme.example", Name: "Mara Lindt", Password: password,
	})
	if err != nil {
		return err
	}
	w.mara, _, _ = signed.Who.Actor(slug)
	theirs := w.tenancy.By(&w.mara)
	ends := w.today.AddDate(0, 0, 5)
	for _, key := range []tenancy.NewKey{
		{Name: "Web shop", Role: tenancy.RoleRedeem},
		{Name: "CRM export", Role: tenancy.RoleRead, ExpiresAt: &ends},
		{Name: "Backend", Role: tenancy.RoleFull},
	} {
		_, secret, err := theirs.CreateKey(ctx, slug, key)
		if err != nil {
			return err
		}
		actor, err := w.tenancy.Authenticate(ctx, secret)
		if err != nil {
			return err
		}
		switch key.Role {
		case tenancy.RoleRedeem:
			w.shop = actor
		case tenancy.RoleRead:
			w.crm = actor
		}
		w.secret = secret // the last one may do everything
	}
	return nil
}

func (w *world) invite(ctx context.Context, name string, role member.Role) (member.Who, error) {
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	token, err := w.members.Links.InviteAs(ctx, event.System(), "", member.Invitation{
		Email: first + "@acme.example", Role: role, Workspace: &w.workspace,
	})
	if err != nil {
		return member.Who{}, err
	}
	signed, err := w.members.Links.Accept(ctx, token, member.NewPerson{Name: name, Password: password})
	return signed.Who, err
}

// bulk is what was made and changed many at a time.
func (w *world) bulk() []deed {
	misprints := make([]string, 12)
	for i := range misprints {
		misprints[i] = fmt.Sprintf("ACME-POST-%04d", 4100+i)
	}
	return []deed{
		{w.ago(38, 14, 12), w.batch("Loyalty cards 2027", 2000, codes.TypePremium, w.ago(-365, 22, 59))},
		{w.ago(23, 10, 40), w.file("Partner hotels")},
		{w.ago(12, 16, 31), w.batch("Trade fair Hanover", 250, codes.TypeNormal, w.ago(-4, 22, 59))},
		{w.ago(8, 9, 15), func(ctx context.Context) error {
			for _, value := range misprints {
				if err := w.add(ctx, &w.priya, value, codes.TypeNormal, codes.Options{Note: "Postcards, misprinted"}); err != nil {
					return err
				}
			}
			return nil
		}},
		{w.ago(6, 11, 3), func(ctx context.Context) error {
			revoke := bulk.NewChange{Codes: misprints, Do: codes.Act{Revoke: true}}
			if _, _, err := w.changes.Create(ctx, &w.priya, revoke); err != nil {
				return err
			}
			return w.work(ctx)
		}},
	}
}

func (w *world) batch(name string, count int64, kind codes.Type, ends time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		asked := bulk.NewBatch{Name: name, Count: count}
		asked.Type, asked.ExpiresAt = kind, &ends
		made, _, err := w.batches.Create(ctx, &w.priya, asked)
		if err != nil {
			return err
		}
		if err := w.work(ctx); err != nil {
			return err
		}
		filter := codes.CodeFilter{BatchID: made.ID}
		page, err := w.codes.ListCodes(ctx, &w.mara, filter, core.PageRequest{Limit: 100})
		for _, c := range page.Items {
			w.redeemable = append(w.redeemable, c.Value)
		}
		return err
	}
}

// file reads a file in, of which three lines are wrong.
func (w *world) file(batch string) func(context.Context) error {
	return func(ctx context.Context) error {
		lines := []string{"code,type,recipient"}
		for i := range 60 {
			lines = append(lines, fmt.Sprintf("HOTEL-%d,Premium,%s", 2101+i, guests[i%len(guests)]))
		}
		lines = append(lines, "HOTEL-2102,Normal,", "HOTEL-2199,Gold,", ",Premium,Tom Becker")
		_, _, err := w.imports.Run(ctx, &w.priya, bulk.NewImport{
			ImportSpec: bulk.ImportSpec{Format: bulk.FileFormat("csv"), OnExisting: bulk.FailOnExisting, Name: batch},
			Body:       strings.NewReader(strings.Join(lines, "\n") + "\n"),
			Interrupt:  func() {}, Check: func(context.Context) error { return nil },
		})
		return err
	}
}

func (w *world) add(ctx context.Context, by *core.Actor, value string, kind codes.Type, o codes.Options) error {
	_, err := w.codes.AddCode(ctx, by, value, codes.IssueRequest{Type: kind, Options: o})
	return err
}

// days are the codes and redemptions of each day: fewer at weekends, more from week to week, and a fair.
func (w *world) days() (all []deed) {
	for day := firstDay - 1; day >= 0; day-- {
		date := w.today.AddDate(0, 0, -day)
		busy := 12 + 30*float64(firstDay-day)/firstDay + 8*math.Sin(float64(day))
		if weekday := date.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
			busy *= 0.4
		}
		if day == 9 || day == 10 {
			busy *= 2.2
		}
		for range int(busy / 3) {
			all = append(all, deed{w.sometime(date), w.giveAway})
		}
		for range int(busy) {
			all = append(all, deed{w.sometime(date), w.redeem})
		}
	}
	return append(all, w.spring()...)
}

// sometime is a time of a day when people are awake; of today, one that is past. The order of what happens
// is the same at each time of day.
func (w *world) sometime(date time.Time) time.Time {
	from, length := 7*time.Hour, 14*time.Hour
	if date.Equal(w.today) {
		from, length = 0, max(time.Since(w.today)-time.Minute, time.Minute)
	}
	return date.Add(from + time.Duration(w.dice.Float64()*float64(length)))
}

// giveAway makes a code for somebody.
func (w *world) giveAway(ctx context.Context) error {
	request := codes.IssueRequest{Type: []codes.Type{codes.TypePremium, codes.TypeNormal}[w.dice.IntN(2)]}
	request.MaxRedemptions = codes.Limit{Given: true, Max: new(int64(1 + 4*w.dice.IntN(2)))}
	request.Recipient = guests[w.dice.IntN(len(guests))]
	ends := w.now.AddDate(0, 0, 14+w.dice.IntN(90))
	request.ExpiresAt = &ends
	if w.dice.IntN(12) == 0 {
		starts := w.now.AddDate(0, 0, 7)
		request.StartsAt = &starts
	}
	made, err := w.codes.GenerateCode(ctx, &w.priya, request)
	if err == nil && request.StartsAt == nil {
		w.redeemable = append(w.redeemable, made.Code.Value)
	}
	return err
}

// redeem lets somebody new redeem a code; that it is used up or has ended is what happens.
func (w *world) redeem(ctx context.Context) error {
	if len(w.redeemable) == 0 {
		return nil
	}
	at := w.dice.IntN(len(w.redeemable))
	return w.redeemed(ctx, w.redeemable[at])
}

func (w *world) redeemed(ctx context.Context, code string) error {
	user := fmt.Sprintf("user-%d", 4000+w.dice.IntN(6000))
	_, err := w.codes.Redeem(ctx, &w.shop, codes.RedeemRequest{Code: code, UserID: user})
	if err != nil && !core.IsKind(err, core.KindConflict) {
		return err
	}
	return nil
}

// spring is a code that many know.
func (w *world) spring() []deed {
	const value = "ACME-7KQW-M2XN"
	all := []deed{{w.ago(20, 9, 30), func(ctx context.Context) error {
		ends := time.Date(2031, 12, 31, 22, 59, 59, 0, time.UTC) // the year's end in Berlin
		limit := codes.Limit{Given: true, Max: new(int64(100))}
		o := codes.Options{MaxRedemptions: limit, ExpiresAt: &ends, Note: "Spring fair"}
		return w.add(ctx, &w.mara, value, codes.TypePremium, o)
	}}}
	for i := range 37 {
		all = append(all, deed{w.ago(19-i/2, 12, 7*i%60), func(ctx context.Context) error { return w.redeemed(ctx, value) }})
	}
	return all
}
