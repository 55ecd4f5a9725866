package console

import (
	"strings"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/web/console/text"
	"accesscodes/internal/web/kit"
)

// What is wrong with what a page was asked for.
var (
	formUnreadable = core.NewSentence("form_unreadable", "the form cannot be read")
	keptUnreadable = core.NewSentence("kept_unreadable", "the form that was kept cannot be read")
	fieldTooLong   = core.NewSentence("field_too_long", "the field {field} is too long")
	tooManyFields  = core.NewSentence("too_many_fields", "the form has too many fields")
	noSuchChoice   = core.NewSentence("no_such_choice", "this is none of the choices of the page")
	dateMissing    = core.NewSentence("date_missing", "a date is missing")
	noDate         = core.NewSentence("no_date", "this is no date")
	numberMissing  = core.NewSentence("number_missing", "a number is missing")
	noQR           = core.NewSentence("no_qr", "a code that is revoked has no QR code")
	usedStays      = core.NewSentence("used_stays", "a code that was used stays on record and cannot be deleted")
	noEventKinds   = core.NewSentence("no_event_kinds", "no kinds of events are chosen")
	operatorsOnly  = core.NewSentence("operators_only", "this is for whoever runs the installation")
)

// words are what is said about a mistake in the viewer's language.
func (p *page) words(said core.Said) string {
	name := "said." + said.Name
	if said.Name == "" || !p.Has(name) { // one that only programs can be told, or of another version
		return text.AsSentence(said.Detail)
	}
	return p.Say(name, argumentsOf(said)...)
}

// argumentsOf are the values of what is said, for a text.
func argumentsOf(said core.Said) (args []any) {
	for place, number := range said.Numbers {
		args = append(args, place, number)
	}
	for place, value := range said.Texts {
		args = append(args, place, value)
	}
	return args
}

// failureOf says why a job failed.
func (p *page) failureOf(j *job.Job) string {
	return p.allWords(core.ReadFieldErrors(j.FailureSaid), j.Failure, nil)
}

// allWords says everything that is said about something, each about a column with its name; what has no
// name in other languages, as it is said in English. headings are what the viewer calls columns.
func (p *page) allWords(all []core.FieldError, english string, headings map[string]string) string {
	sentences := make([]string, 0, len(all))
	for _, field := range all {
		if !p.Has("said." + field.Name) {
			return text.AsSentence(english)
		}
		words := p.words(field.Said)
		if column := bulk.ColumnAt(field.Pointer); column != "" {
			if heading := headings[column]; heading != "" {
				column = heading
			}
			words = p.Say("import.in_column", "column", column, "what", words)
		}
		sentences = append(sentences, words)
	}
	if len(sentences) == 0 {
		return text.AsSentence(english)
	}
	return strings.Join(sentences, " ")
}

// problemWords says what went wrong as a whole: what is said about it, else what its reason means, else what
// it says itself.
func (p *page) problemWords(problem *kit.Problem) string {
	switch name := "error." + string(problem.Reason); {
	case p.Has("said." + problem.Said.Name):
		return p.words(problem.Said)
	case p.Has(name):
		return p.Say(name, "wait", p.Duration(problem.RetryAfter))
	default:
		return text.AsSentence(problem.Detail)
	}
}
