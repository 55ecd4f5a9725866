package api

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Values for properties, empty ones among them.

func anyID() *rapid.Generator[core.ID] {
	return rapid.Custom(func(t *rapid.T) (id core.ID) {
		id[0] = byte(rapid.IntRange(0, 1).Draw(t, "id"))
		return id
	})
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC()
	})
}

func anyMetadata(t *rapid.T) map[string]string {
	return rapid.MapOfN(rapid.String(), rapid.String(), 0, 5).Draw(t, "metadata")
}

func anyCode() *rapid.Generator[codes.Code] {
	return rapid.Custom(func(t *rapid.T) codes.Code {
		return codes.Code{
			Value: rapid.String().Draw(t, "value"), Type: rapid.SampledFrom(codes.Types()).Draw(t, "type"),
			MaxRedemptions: rapid.Ptr(rapid.Int64(), true).Draw(t, "max"),
			Redemptions:    rapid.Int64().Draw(t, "redemptions"), Reservations: rapid.Int64().Draw(t, "reservations"),
			StartsAt: rapid.Ptr(anyTime(), true).Draw(t, "starts"), ExpiresAt: rapid.Ptr(anyTime(), true).Draw(t, "expires"),
			RevokedAt: rapid.Ptr(anyTime(), true).Draw(t, "revoked"),
			Note:      rapid.String().Draw(t, "note"), Recipient: rapid.String().Draw(t, "recipient"), Metadata: anyMetadata(t),
			BatchID: anyID().Draw(t, "batch"), BatchIndex: rapid.Ptr(rapid.Int64(), true).Draw(t, "index"),
			CreatedAt: anyTime().Draw(t, "created"), CreatedBy: anyID().Draw(t, "by"),
		}
	})
}

func anyRedemption() *rapid.Generator[codes.Redemption] {
	return rapid.Custom(func(t *rapid.T) codes.Redemption {
		return codes.Redemption{
			ID: anyID().Draw(t, "id"), Code: rapid.String().Draw(t, "code"),
			Type: rapid.SampledFrom(codes.Types()).Draw(t, "type"), UserID: rapid.String().Draw(t, "user"),
			Grants: codes.UserPremium, Metadata: anyMetadata(t), ReservationID: anyID().Draw(t, "reservation"),
			CreatedAt: anyTime().Draw(t, "created"), CreatedBy: anyID().Draw(t, "by"),
			RolledBackAt: rapid.Ptr(anyTime(), true).Draw(t, "back"), RolledBackBy: anyID().Draw(t, "backBy"),
			Reason: rapid.String().Draw(t, "reason"),
		}
	})
}

// requireWithout is requireSame for a limited caller: what shown has, but for the members that
// such a caller does not see.
func requireWithout(t *rapid.T, write func(*jsonObject), shown any) {
	t.Helper()
	var o jsonObject
	write(&o)
	text, err := json.Marshal(shown)
	var got, want map[string]any
	if err := errors.Join(o.err, err, json.Unmarshal(o.text, &got), json.Unmarshal(text, &want)); err != nil {
		t.Fatal(err)
	}
	for name, members := range map[string][]string{
		"code":       {"note", "recipient", "metadata", "batchId", "batchIndex", "createdBy"},
		"redemption": {"metadata"},
	} {
		if object, ok := want[name].(map[string]any); ok {
			for _, member := range members {
				delete(object, member)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("for a limited caller (-want +got):\n%s", diff)
	}
}

// requireSame requires that what was written is what the library writes of a type that the
// document shows.
func requireSame(t *rapid.T, write func(*jsonObject), shown any) {
	t.Helper()
	var o jsonObject
	write(&o)
	want, err := json.Marshal(shown, json.Deterministic(true))
	if o.err != nil || err != nil || string(o.text) != string(want) {
		t.Fatalf("written: %s, %v\nwant: %s, %v", o.text, o.err, want, err)
	}
}

func TestWhatIsWrittenWithoutReflectionIsWhatTheTypesSay(t *testing.T) {
	t.Run("validation", rapid.MakeCheck(func(t *rapid.T) {
		code := rapid.Ptr(anyCode(), true).Draw(t, "code")
		v := codes.Validation{
			Valid: rapid.Bool().Draw(t, "valid"), Code: code, At: anyTime().Draw(t, "at"),
			Grants:     rapid.SampledFrom([]codes.UserStatus{"", codes.UserNormal, codes.UserPremium}).Draw(t, "grants"),
			Suggestion: rapid.String().Draw(t, "suggestion"),
		}
		shown := validation{Valid: v.Valid, Grants: v.Grants, Suggestion: v.Suggestion}
		if code != nil {
			shown.Code = &validatedCode{shownCode{code: code, status: code.StatusAt(v.At)}}
		}
		if v.Redemption = rapid.Ptr(anyRedemption(), true).Draw(t, "redemption"); v.Redemption != nil {
			shown.Redemption = (*earlierRedemption)(showRedemption(v.Redemption))
		}
		if rapid.Bool().Draw(t, "refused") {
			v.Why = core.Conflict(core.ReasonCodeExpired, "this code expired")
			shown.Reason, shown.Detail = v.Why.Reason, v.Why.Detail
		}
		requireSame(t, func(o *jsonObject) { o.validation(&v) }, shown)
		v.Limited = true
		requireWithout(t, func(o *jsonObject) { o.validation(&v) }, shown)
	}))
	t.Run("redemption", rapid.MakeCheck(func(t *rapid.T) {
		r := anyRedemption().Draw(t, "redemption")
		requireSame(t, func(o *jsonObject) { o.redemption(&r) }, showRedemption(&r))
	}))
}

// TestEveryFieldIsWrittenAsItIs: each field of the list under its name, once, and null if there is none.
func TestEveryFieldIsWrittenAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := anyCode().Draw(t, "code")
		text, err := json.Marshal(&shownCode{code: &code, status: codes.StatusActive})
		var got map[string]jsontext.Value
		if err := errors.Join(err, json.Unmarshal(text, &got)); err != nil {
			t.Fatal(err)
		}
		want := map[string]jsontext.Value{"status": jsontext.Value(`"active"`)}
		for _, f := range codes.Fields() {
			if f.Name == "" {
				continue
			}
			value := reflect.ValueOf(f.Of(&code)).Elem().Interface()
			switch v := value.(type) {
			case core.OptionalText:
				value = orNull(string(v))
			case core.ID:
				value = idOrNull(v)
			}
			if want[f.Name], err = json.Marshal(value, json.Deterministic(true)); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
