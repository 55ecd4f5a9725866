package why

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// How often those who may only help replace one shared code. Ids of users do not limit that: they may be
// made up.
const (
	maxForUser  = 20 // for one user, of whose codes the earlier ones are revoked
	maxInPeriod = 20 // by one of them, for whomever; other changes of the code count, too
	period      = 24 * time.Hour
)

// Replacements by one helper are made one after the other, so that each is counted.
const (
	maxReplacing = 16 // that wait, of one workspace
	replaceWait  = 5 * time.Second
)

var (
	tooManyReplacements = core.NewSentence("too_many_replacements",
		"you have replaced or changed this code {max} times in 24 hours; who may change codes can go on")
	nobodyRedeems = core.NewSentence("nobody_redeems",
		"nobody can redeem this shared code now; who may change codes can issue one in its place")
)

// Replace makes a code for one use that takes the place of another, and revokes that unless it is shared.
// Repeating it gives the same code. Those who may only help get one for each user of a shared code that
// could be redeemed but for its end, and another one when that is revoked; see [maxInPeriod].
//
// Errors: KindForbidden; KindInvalid with the user id; KindTooMany; those of [codes.Service.ReplaceCode].
func (s *Service) Replace(
	ctx context.Context, actor *core.Actor, value, user, idempotencyKey string,
) (codes.Issued, error) {
	if actor.May(core.PermissionManage) {
		return s.deps.Codes.ReplaceCode(ctx, actor, value, idempotencyKey)
	}
	if err := mayRemedy(actor); err != nil {
		return codes.Issued{}, err
	}
	code, err := s.deps.Codes.GetCode(ctx, actor, value)
	if err != nil {
		return codes.Issued{}, err
	}
	user = strings.TrimSpace(user)
	switch {
	case !code.IsShared() && code.HasRoomForLink(): // it is one person's, whoever that is
		return s.deps.Codes.ReplaceCode(ctx, actor, code.Value, "")
	case !code.IsShared(), // nothing would keep it from being restored beside its replacement
		user == "":
		return codes.Issued{}, beyondHelp()
	}
	var errs core.FieldErrors
	if codes.CheckUserID(&errs, "/user", user); errs.Err() != nil {
		return codes.Issued{}, errs.Err()
	}
	if !mayReplaceShared(actor, &code, s.now()) {
		return codes.Issued{}, forbidden(nobodyRedeems)
	}
	leave, err := s.replacing.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return codes.Issued{}, err
	}
	defer leave()
	return s.replaceOnce(ctx, actor, &code, user)
}

// mayReplaceShared reports whether the actor may change codes, or a shared code is one that others can
// redeem or could until it ended: a replacement gives no more than that. Else it is restored or its limit
// is raised, which is for all who have it.
func mayReplaceShared(actor *core.Actor, c *codes.Code, now time.Time) bool {
	if actor.May(core.PermissionManage) {
		return true
	}
	status, left := c.StatusAt(now), free(c)
	return (status == codes.StatusActive || status == codes.StatusExpired) && (left == nil || *left > 0)
}

// replaceOnce replaces a shared code for a user, unless there is a replacement for them that is not revoked.
func (s *Service) replaceOnce(
	ctx context.Context, actor *core.Actor, code *codes.Code, user string,
) (codes.Issued, error) {
	if err := s.mayReplaceAgain(ctx, actor, code); err != nil {
		return codes.Issued{}, err
	}
	for n := range maxForUser {
		sum := sha256.Sum256(fmt.Append(nil, code.Form(), "\n", user, "\n", n))
		issued, err := s.deps.Codes.ReplaceCode(ctx, actor, code.Value, "remedy-"+hex.EncodeToString(sum[:]))
		if core.HasReason(err, core.ReasonCodeDeleted) {
			continue
		}
		if err != nil || !issued.Replayed {
			return issued, err
		}
		made, err := s.deps.Codes.GetCode(ctx, actor, issued.Code.Value)
		if err != nil || made.RevokedAt == nil {
			return issued, err
		}
	}
	return codes.Issued{}, beyondHelp()
}

// mayReplaceAgain returns an error of KindTooMany if the log tells of as many changes of a shared code by
// the actor as they may make, also of those that were taken back.
func (s *Service) mayReplaceAgain(ctx context.Context, actor *core.Actor, code *codes.Code) error {
	page, err := s.deps.Log.Newest(ctx, event.Query{
		Workspace: actor.WorkspaceID, Limit: maxInPeriod, Types: []event.Type{event.CodeUpdated},
		Subject: &event.SubjectName{Kind: event.SubjectCode, Key: code.Form()},
		Actor:   &event.ActorName{Kind: actor.Kind, ID: actor.ID},
	})
	if err != nil {
		return err
	}
	since := s.now().Add(-period)
	if len(page.Events) < maxInPeriod || !page.Events[maxInPeriod-1].At.After(since) {
		return nil
	}
	said := tooManyReplacements.With("max", maxInPeriod)
	return &core.Error{
		Kind: core.KindTooMany, Reason: core.ReasonTooManyRequests, Detail: said.Detail, Said: said,
		RetryAfter: page.Events[maxInPeriod-1].At.Sub(since),
	}
}
