package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/qr"
	"accesscodes/internal/why"
)

func (s *server) codeRoutes() []Route {
	return []Route{
		get("/codes/{code}", core.PermissionRead, s.showCode),
		get("/codes/{code}/qr.svg", core.PermissionRead, s.drawSVG),
		get("/codes/{code}/qr.png", core.PermissionRead, s.drawPNG),
		get("/codes/{code}/edit", core.PermissionManage, s.askToEdit),
		post("/codes/{code}/edit", core.PermissionManage, s.editCode),
		get("/codes/{code}/revoke", core.PermissionManage, s.askToRevoke),
		post("/codes/{code}/revoke", core.PermissionManage, s.revokeCode),
		post("/codes/{code}/restore", core.PermissionManage, s.restoreCode),
		get("/codes/{code}/delete", core.PermissionManage, s.askToDelete),
		post("/codes/{code}/delete", core.PermissionManage, s.deleteCode),
	}
}

// codeView is what the page of a code shows.
type codeView struct {
	codes.Code
	status  codes.Status
	history []why.Entry
	more    bool // there is more than history shows
	batch   *bulk.Batch
	qr      qr.Code

	usedBy []codes.Redemption // the newest, if the code is used up
	others int64              // how many more used it
}

// codeInPath returns the code that the path names.
func (s *server) codeInPath(ctx context.Context, p *page) (*codeView, error) {
	found, err := s.deps.Codes.GetCode(ctx, &p.Actor, p.Request.PathValue("code"))
	if err != nil {
		return nil, err
	}
	return &codeView{Code: found, status: s.deps.Codes.StatusNow(&found)}, nil
}

// showCode answers GET /console/w/{workspace}/codes/{code}.
func (s *server) showCode(ctx context.Context, p *page) error {
	v, err := s.codeInPath(ctx, p)
	if core.HasReason(err, core.ReasonCodeNotFound) {
		p.NoteRefusal(core.ReasonCodeNotFound)
		return p.showWith(ctx, http.StatusNotFound, codeMissingPage(p, p.Request.PathValue("code")))
	}
	if err != nil {
		return err
	}
	if v.history, v.more, err = s.deps.Why.Timeline(ctx, &p.Actor, v.Value); err != nil {
		return err
	}
	if v.usedBy, v.others, err = s.deps.Why.UsedBy(ctx, &p.Actor, &v.Code); err != nil {
		return err
	}
	if !v.BatchID.IsZero() {
		batch, err := s.deps.Batches.One(ctx, &p.Actor, v.BatchID)
		if err == nil {
			v.batch = &batch
		} else if !core.IsKind(err, core.KindNotFound) { // jobs may go before their codes
			return err
		}
	}
	if v.qr, err = qr.New(v.Value, qr.Medium); err != nil {
		return fmt.Errorf("draw the QR code of %s: %w", v.Value, err)
	}
	return p.show(ctx, codePage(p, v))
}

// qrSize is how many pixels a side of a picture to download has: enough for print.
const qrSize = 1024

func (s *server) drawSVG(ctx context.Context, p *page) error {
	write := func(picture qr.Picture, b *bytes.Buffer) error { return picture.SVG(b) }
	return s.draw(ctx, p, "image/svg+xml", "svg", write)
}

func (s *server) drawPNG(ctx context.Context, p *page) error {
	write := func(picture qr.Picture, b *bytes.Buffer) error { return picture.PNG(b) }
	return s.draw(ctx, p, "image/png", "png", write)
}

// draw answers with a picture of the code's QR code as a file.
func (s *server) draw(
	ctx context.Context, p *page, mediaType, ending string, write func(qr.Picture, *bytes.Buffer) error,
) error {
	v, err := s.codeInPath(ctx, p)
	if err != nil {
		return err
	}
	if v.RevokedAt != nil {
		return core.ConflictOf(core.ReasonCodeRevoked, noQR.Said())
	}
	drawn, err := qr.New(v.Value, qr.Medium)
	if err != nil {
		return fmt.Errorf("draw the QR code of %s: %w", v.Value, err)
	}
	var b bytes.Buffer
	if err := write(qr.Picture{Code: drawn, Size: qrSize, Margin: qr.QuietZone}, &b); err != nil {
		return err
	}
	header := p.Writer.Header()
	header.Set("Content-Disposition", `attachment; filename="`+pictureName(v.Form())+"."+ending+`"`)
	header.Set("X-Content-Type-Options", "nosniff")
	p.Write(http.StatusOK, mediaType, b.Bytes())
	return nil
}

// pictureName is a name of a file that every system takes.
func pictureName(form string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, form)
	return "code-" + safe
}

// path is the code's page, or a page below it.
func (v *codeView) path(p *page, parts ...string) string {
	return p.path(append([]string{"codes", v.Value}, parts...)...)
}

// isUsed reports whether the code has given somebody something: then it cannot be deleted.
func (v *codeView) isUsed() bool { return v.Redemptions+v.Reservations > 0 }

// Punches stand for uses as long as they can be counted at a glance.
const (
	maxPunches    = 200
	punchesInRow  = 50
	punchDistance = 12
)

// punch is the circle of one use.
type punch struct {
	class string
	x, y  int
	r     string
}

// punches are the circles of a code with a limit that is neither one nor too large; nil: there are none.
func (v *codeView) punches() (all []punch) {
	if v.MaxRedemptions == nil || *v.MaxRedemptions < 2 || *v.MaxRedemptions > maxPunches {
		return nil
	}
	for i := range *v.MaxRedemptions {
		one := punch{"open", int(i%punchesInRow)*punchDistance + 6, int(i/punchesInRow)*punchDistance + 6, "4"}
		switch {
		case i < v.Redemptions:
			one.class, one.r = "used", "4.4"
		case i < v.Redemptions+v.Reservations:
			one.class, one.r = "held", "3.4"
		}
		all = append(all, one)
	}
	return all
}

// punchBox is the viewBox of the punches.
func (v *codeView) punchBox() string {
	rows := (*v.MaxRedemptions + punchesInRow - 1) / punchesInRow
	return fmt.Sprintf("0 0 %d %d", punchesInRow*punchDistance, rows*punchDistance)
}

// qrBox and qrPath draw the QR code. The page leaves the margin around it.
func (v *codeView) qrBox() string { return fmt.Sprintf("0 0 %d %d", v.qr.Size(), v.qr.Size()) }

func (v *codeView) qrPath() string {
	var b strings.Builder
	for _, run := range v.qr.Runs() {
		_, _ = fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", run.X, run.Y, run.Length, run.Length) // a builder takes everything
	}
	return b.String()
}

// free is how many uses are left; nil: there is no limit.
func (v *codeView) free() *int64 {
	if v.MaxRedemptions == nil {
		return nil
	}
	return new(max(*v.MaxRedemptions-v.Redemptions-v.Reservations, 0))
}

// uses says how many uses are taken, held and free.
func (v *codeView) uses(p *page) string {
	parts := []string{p.Say("code.uses_taken", "count", v.Redemptions)}
	if v.Reservations > 0 {
		parts = append(parts, p.Say("code.uses_held", "count", v.Reservations))
	}
	if free := v.free(); free != nil {
		parts = append(parts, p.Say("code.uses_free", "count", *free))
	} else {
		parts = append(parts, p.Say("code.uses_any"))
	}
	return strings.Join(parts, ", ")
}

// ifRevoked says what revoking the code would do.
func (v *codeView) ifRevoked(p *page) string {
	parts := []string{p.Say("code.if_revoked")}
	if v.Reservations > 0 {
		parts = append(parts, p.Say("code.if_revoked_held", "count", v.Reservations))
	}
	if v.Redemptions > 0 {
		parts = append(parts, p.Say("code.if_revoked_people", "count", v.Redemptions))
	}
	return strings.Join(append(parts, p.Say("code.can_restore")), " ")
}

// restored is the status that the code would have if it were restored.
func (v *codeView) restored(p *page) codes.Status {
	then := v.Code
	then.RevokedAt = nil
	return then.StatusAt(p.Now())
}
