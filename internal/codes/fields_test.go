package codes_test

import (
	"reflect"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// notInTheList are fields of a code that are no fields to callers or columns: this one is read
// from the form that the code is stored under.
var notInTheList = map[string]bool{"HasOldForm": true}

// TestEveryFieldOfACodeIsInTheList, and so in JSON, in the columns of both engines, and in copies.
func TestEveryFieldOfACodeIsInTheList(t *testing.T) {
	code := new(codes.Code)
	listed := map[uintptr]string{}
	for _, f := range codes.Fields() {
		listed[reflect.ValueOf(f.Of(code)).Pointer()] = f.Column
	}
	value := reflect.ValueOf(code).Elem()
	for i := range value.NumField() {
		name := value.Type().Field(i).Name
		if _, ok := listed[value.Field(i).Addr().Pointer()]; ok == notInTheList[name] {
			t.Errorf("field %s: in the list of fields: %v", name, ok)
		}
	}
}

// TestEveryOptionAndChangeIsInTheList: no field of a request is forgotten when it is read.
func TestEveryOptionAndChangeIsInTheList(t *testing.T) {
	options, change := new(codes.Options), new(codes.CodeChange)
	inOptions, inChange := map[uintptr]bool{}, map[uintptr]bool{}
	for _, f := range codes.Fields() {
		if f.Option != nil {
			inOptions[reflect.ValueOf(f.Option.Of(options)).Pointer()] = true
			inChange[reflect.ValueOf(f.Option.ChangeOf(change)).Pointer()] = true
		}
	}
	for what, listed := range map[any]map[uintptr]bool{options: inOptions, change: inChange} {
		value := reflect.ValueOf(what).Elem()
		for i := range value.NumField() {
			if !listed[value.Field(i).Addr().Pointer()] {
				t.Errorf("%s.%s is not in the list of fields", value.Type(), value.Type().Field(i).Name)
			}
		}
	}
}

// someOption sets an option to something.
func someOption(option any) {
	switch v := option.(type) {
	case *codes.Limit:
		*v = limitOf(7)
	case **time.Time:
		*v = after(time.Hour)
	case *string:
		*v = "some"
	case *map[string]string:
		*v = map[string]string{"some": "text"}
	}
}

// TestEveryOptionReachesTheCodeAndTellsRequestsApart: with the same Idempotency-Key, a request that
// differs in one option alone is another one.
func TestEveryOptionReachesTheCodeAndTellsRequestsApart(t *testing.T) {
	w := newWorld(t)
	for _, f := range codes.Fields() {
		if f.Option == nil {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			with, without := normal("with-"+f.Name), normal("without-"+f.Name)
			someOption(f.Option.Of(&with.Options))
			code := w.add(t, w.acme, "with "+f.Name, with).Code
			if reflect.ValueOf(f.Of(&code)).Elem().IsZero() {
				t.Error("the code has nothing of it")
			}
			w.add(t, w.acme, "without "+f.Name, without)
			someOption(f.Option.Of(&without.Options))
			_, err := w.AddCode(t.Context(), w.acme, "without "+f.Name, without)
			checkError(t, err, core.KindConflict, core.ReasonIdempotencyKeyReused)
		})
	}
}

// someChange sets a field of a change to something.
func someChange(change any) {
	switch v := change.(type) {
	case *codes.Limit:
		*v = limitOf(7)
	case *core.Field[time.Time]:
		*v = given(*after(time.Hour))
	case *core.Field[string]:
		*v = given("some")
	case *core.Field[map[string]*string]:
		*v = patch("some", "text")
	}
}

func TestEveryChangeReachesTheCode(t *testing.T) {
	w := newWorld(t)
	for _, f := range codes.Fields() {
		if f.Option == nil {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			w.add(t, w.acme, f.Name, normal(""))
			var change codes.CodeChange
			someChange(f.Option.ChangeOf(&change))
			code, err := w.ChangeCode(t.Context(), w.acme, f.Name, change)
			if err != nil || reflect.ValueOf(f.Of(&code)).Elem().IsZero() {
				t.Errorf("the code has nothing of it: %+v, %v", code, err)
			}
		})
	}
}
