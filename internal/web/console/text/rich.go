package text

import (
	"context"
	"html"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// Rich is [Texts.Say] with marks: **…** is strong, `…` is something to copy as it stands. What stands
// at a place is never read for marks. An argument that is a [templ.Component] stands there as it is.
func (t *Texts) Rich(name string, args ...any) templ.Component {
	found := t.find(name, args)
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, part := range found.parts {
			if err := t.writePart(ctx, w, part, args); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *Texts) writePart(ctx context.Context, w io.Writer, p part, args []any) error {
	before, after := "", ""
	if p.strong {
		before, after = "<b>", "</b>"
	}
	if p.code {
		before, after = before+"<code>", "</code>"+after
	}
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	if component := componentAt(p.place, args); component != nil {
		if err := component.Render(ctx, w); err != nil {
			return err
		}
	} else {
		words := p.text
		if p.place != "" {
			words = t.argument(p.place, args)
		}
		if _, err := io.WriteString(w, html.EscapeString(words)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, after)
	return err
}

func componentAt(place string, args []any) templ.Component {
	for i := 0; place != "" && i+1 < len(args); i += 2 {
		if component, ok := args[i+1].(templ.Component); ok && args[i] == place {
			return component
		}
	}
	return nil
}

// AsSentence writes what an error says as a sentence: with a capital and a full stop.
func AsSentence(detail string) string {
	if detail == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(detail)
	sentence := string(unicode.ToUpper(first)) + detail[size:]
	if !strings.HasSuffix(sentence, ".") {
		sentence += "."
	}
	return sentence
}
