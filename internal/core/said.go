package core

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Sentence is something that is said about what went wrong. Programs get its English words; pages for
// people find words in their language by its name, which must not be that of another sentence.
type Sentence struct{ name, english string }

// NewSentence returns a sentence. In its English words, {limit} is a place for the value called limit.
func NewSentence(name, english string) Sentence { return Sentence{name, english} }

// Said is a sentence with its values. Its JSON is stored, without the English words, which are stored
// apart from it.
type Said struct {
	Detail  string            `json:"-"`                 // in English; never repeats a secret
	Name    string            `json:"name,omitempty"`    // of the sentence; empty: there is no other language for it
	Numbers map[string]int64  `json:"numbers,omitempty"` // values, by the names of their places
	Texts   map[string]string `json:"texts,omitempty"`
}

// Said is a sentence without places.
func (s Sentence) Said() Said { return s.With() }

// With fills the places of a sentence. values are pairs of the name of a place and a whole number or a text.
func (s Sentence) With(values ...any) Said {
	said := Said{Name: s.name}
	var written []string
	for i := 0; i+1 < len(values); i += 2 {
		place := values[i].(string)
		text := ""
		switch value := values[i+1].(type) {
		case int:
			text = said.number(place, int64(value))
		case int64:
			text = said.number(place, value)
		default:
			text = fmt.Sprint(value)
			if said.Texts == nil {
				said.Texts = map[string]string{}
			}
			said.Texts[place] = text
		}
		written = append(written, "{"+place+"}", text)
	}
	said.Detail = strings.NewReplacer(written...).Replace(s.english)
	return said
}

func (s *Said) number(place string, value int64) string {
	if s.Numbers == nil {
		s.Numbers = map[string]int64{}
	}
	s.Numbers[place] = value
	return strconv.FormatInt(value, 10)
}

// InEnglish is what is said only to programs: no page can be the reason for it.
func InEnglish(detail string, args ...any) Said { return Said{Detail: fmt.Sprintf(detail, args...)} }

// At says it of a field.
func (s Said) At(pointer string) FieldError { return FieldError{Pointer: pointer, Said: s} }

// WriteFieldErrors writes what was said as it is stored.
func WriteFieldErrors(fields []FieldError) string {
	if len(fields) == 0 {
		return ""
	}
	text, _ := json.Marshal(fields) // of texts and numbers: cannot fail
	return string(text)
}

// ReadFieldErrors reads what was stored; nothing for what cannot be read. The English words are not there.
func ReadFieldErrors(text string) (fields []FieldError) {
	if json.Unmarshal([]byte(text), &fields) != nil {
		return nil
	}
	return fields
}
