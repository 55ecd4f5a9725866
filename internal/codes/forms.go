package codes

import (
	"context"
	"slices"
	"strconv"

	"accesscodes/internal/core"
)

// FormsOf returns the forms by which to look up values in the actor's workspace, sorted, each once. It
// adds what is wrong with values, with a prefix to their pointers.
func (s *Service) FormsOf(
	ctx context.Context, actor *core.Actor, values []string, errs *core.FieldErrors, prefix string,
) ([]string, error) {
	forms := make([]string, len(values))
	for i, value := range values {
		form, err := s.formOf(ctx, actor, value)
		if err != nil {
			return nil, err
		}
		if form == "" || !core.IsStorable(form) {
			errs.Add(core.ReasonInvalidValue, prefix+"/"+strconv.Itoa(i), core.NothingInCode.With("field", "a code"))
		}
		forms[i] = form
	}
	slices.Sort(forms)
	return slices.Compact(forms), nil
}
