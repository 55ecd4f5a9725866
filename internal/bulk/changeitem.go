package bulk

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// What items hold is JSON, stored for as long as a change can be undone: names stay as they are.

// idText is an id that is written as a text.
type idText core.ID

// MarshalText implements [encoding.TextMarshaler].
func (id idText) MarshalText() ([]byte, error) { return []byte(core.ID(id).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *idText) UnmarshalText(text []byte) error {
	read, err := core.ParseID(string(text))
	*id = idText(read)
	return err
}

// itemOf returns what has changed of a code.
func (c *Change) itemOf(result *codes.Result) (item ChangeItem, err error) {
	before := result.Before
	item.Canonical = before.Form()
	if c.Do.Delete {
		item.Was, err = encodeCode(before)
		return item, err
	}
	names := codes.Differing(&before.Code, result.Code)
	differs := func(f *codes.Field) bool { return slices.Contains(names, f.Name) }
	if item.Was, err = encode(fieldsOf(&before.Code, differs)); err == nil {
		item.Is, err = encode(fieldsOf(result.Code, differs))
	}
	return item, err
}

func encode(values any) (string, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("write how a code was: %w", err)
	}
	return string(text), nil
}

// decode reads what encode writes.
func decode(text string, values any) error {
	if err := json.Unmarshal([]byte(text), values); err != nil {
		return fmt.Errorf("read how a code was: %w", err)
	}
	return nil
}

// fieldsOf returns where a code has some of its fields, by their names.
func fieldsOf(c *codes.Code, isOne func(*codes.Field) bool) map[string]any {
	places := map[string]any{}
	for i := range codes.Fields() {
		f := &codes.Fields()[i]
		if f.Name == "" || !isOne(f) {
			continue
		}
		places[f.Name] = f.Of(c)
		if id, ok := f.Of(c).(*core.ID); ok {
			places[f.Name] = (*idText)(id)
		}
	}
	return places
}

// decodeFields reads fields of a code, and returns their names. Others are passed over.
func decodeFields(text string, c *codes.Code, isOne func(*codes.Field) bool) (names []string, err error) {
	var values map[string]json.RawMessage
	if err := decode(text, &values); err != nil {
		return nil, err
	}
	for name, place := range fieldsOf(c, isOne) {
		value, there := values[name]
		if !there {
			continue
		}
		if err := decode(string(value), place); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// changes reports whether a field may change.
func changes(f *codes.Field) bool { return f.Changes }

// isMade reports whether a field is of a code that was never used.
func isMade(f *codes.Field) bool { return !f.Counted }

// The names of the mark of a retry beside the fields of a deleted code.
const (
	retryKeyName         = "retryKey"
	retryFingerprintName = "retryFingerprint"
)

// encodeCode writes all of a code that was never used.
func encodeCode(c *codes.RetriedCode) (string, error) {
	values := fieldsOf(&c.Code, isMade)
	if !c.Retry.IsZero() {
		values[retryKeyName], values[retryFingerprintName] = c.Retry.Key[:], c.Retry.Fingerprint[:]
	}
	return encode(values)
}

// decodeCode reads what encodeCode writes.
func decodeCode(text string) (c codes.RetriedCode, err error) {
	if _, err := decodeFields(text, &c.Code, isMade); err != nil {
		return c, err
	}
	var retry struct {
		Key         []byte `json:"retryKey"`
		Fingerprint []byte `json:"retryFingerprint"`
	}
	err = decode(text, &retry)
	copy(c.Retry.Key[:], retry.Key)
	copy(c.Retry.Fingerprint[:], retry.Fingerprint)
	return c, err
}

// rolledBack is what a change remembers of a redemption that it has rolled back. It does not name the
// person: erasing somebody needs nothing here.
type rolledBack struct {
	RedemptionID idText     `json:"redemptionId"`
	User         *userState `json:"user,omitempty"` // before; nil: the redemption named nobody
}

// userState is how a user was.
type userState struct {
	Status      codes.UserStatus `json:"status"`
	CreatedAt   time.Time        `json:"createdAt"`
	UpdatedAt   time.Time        `json:"updatedAt"`
	LastOrdinal int64            `json:"lastOrdinal"`
}

// leftUser is what a rollback has made of a user.
type leftUser struct {
	Status codes.UserStatus `json:"userStatus"`
}

// itemOfRollback returns what a rollback has done.
func itemOfRollback(r *codes.Rollback, canonical string) (item ChangeItem, err error) {
	was := rolledBack{RedemptionID: idText(r.Redemption)}
	if r.Was != nil {
		was.User = &userState{r.Was.Status, r.Was.CreatedAt, r.Was.UpdatedAt, r.Was.LastOrdinal}
	}
	item.Canonical = canonical
	if item.Was, err = encode(was); err == nil {
		item.Is, err = encode(leftUser{r.Is})
	}
	return item, err
}

// rollback returns the rollback that an item is about; nil: it is about a code.
func (i *ChangeItem) rollback() (*codes.Rollback, error) {
	if i.Is == "" {
		return nil, nil
	}
	var was rolledBack
	if err := decode(i.Was, &was); err != nil || core.ID(was.RedemptionID).IsZero() {
		return nil, err
	}
	r := &codes.Rollback{Redemption: core.ID(was.RedemptionID)}
	if u := was.User; u != nil {
		r.Was = &codes.User{Status: u.Status, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, LastOrdinal: u.LastOrdinal}
	}
	var left leftUser
	err := decode(i.Is, &left)
	r.Is = left.Status
	return r, err
}
