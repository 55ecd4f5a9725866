package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// A flag --x gets its value from --x or --x-file on the command line, else from
// ACCESSCODES_X or ACCESSCODES_X_FILE, else from its default. The two with "file" name a file
// that holds the value, so that a secret is neither in ps nor in the environment. Only flags
// whose values may be secrets have an --x-file; each has the variable.

// Annotations of flags.
const (
	// fileFor is on --x-file: the name of the flag whose value the file holds.
	fileFor = "fileFor"
	// setBy is on a flag that was set by another source than itself: how errors name it.
	setBy = "setBy"
	// setByFile is on a flag whose value was read from a file: errors do not repeat the value.
	setByFile = "setByFile"
)

// maxValueFile is how many bytes a file that holds a value may have.
const maxValueFile = 64 << 10

// fileFlag registers --NAME-file for the flag --NAME.
func fileFlag(flags *pflag.FlagSet, name, usage string) {
	flags.String(name+"-file", "", usage)
	flags.Lookup(name + "-file").Annotations = map[string][]string{fileFor: {name}}
}

// source is one of the places that may give a flag its value.
type source struct {
	name string // what a person set: --database-file, ACCESSCODES_DATABASE
	text string // what it was set to
	file bool   // text is the path of a file that holds the value
}

// setFromEnvironment gives every flag that was not on the command line the value of its
// file or variable, if there is one.
func setFromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var errs []error
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Name == "help" || flag.Annotations[fileFor] != nil { // which is read with the flag that it is for
			return
		}
		given := onCommandLine(flags, flag)
		if len(given) == 0 {
			given = inEnvironment(flag, lookup)
		}
		errs = append(errs, setFlag(flags, flag, given))
	})
	return errors.Join(errs...)
}

func onCommandLine(flags *pflag.FlagSet, flag *pflag.Flag) (given []source) {
	if flag.Changed {
		given = append(given, source{name: "--" + flag.Name})
	}
	file := flags.Lookup(flag.Name + "-file")
	if file != nil && file.Changed && file.Annotations[fileFor] != nil {
		given = append(given, source{name: "--" + file.Name, text: file.Value.String(), file: true})
	}
	return given
}

func inEnvironment(flag *pflag.Flag, lookup func(string) (string, bool)) (given []source) {
	name := envName(flag.Name)
	if text, ok := lookup(name); ok {
		given = append(given, source{name: name, text: text})
	}
	if path, ok := lookup(name + "_FILE"); ok {
		given = append(given, source{name: name + "_FILE", text: path, file: true})
	}
	return given
}

func envName(flag string) string {
	return "ACCESSCODES_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFlag gives a flag the value of its source, unless that is the flag itself.
func setFlag(flags *pflag.FlagSet, flag *pflag.Flag, given []source) error {
	switch {
	case len(given) > 1:
		return usageError{fmt.Errorf("%s and %s are both set; set one of them", given[0].name, given[1].name)}
	case len(given) == 0 || given[0].name == "--"+flag.Name:
		return nil
	}
	if err := given[0].apply(flags, flag); err != nil {
		return usageError{fmt.Errorf("%s: %w", given[0].name, err)}
	}
	return nil
}

func (s source) apply(flags *pflag.FlagSet, flag *pflag.Flag) error {
	if !s.file {
		err := flags.Set(flag.Name, s.text)
		if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			return wrongValue(wrong)
		}
		return errors.Join(err, flags.SetAnnotation(flag.Name, setBy, []string{s.name}))
	}
	value, err := readValue(s.text)
	if err != nil {
		return err
	}
	if flags.Set(flag.Name, value) != nil { // its words would repeat the value
		return fmt.Errorf("the file does not hold a value of the type %s", flag.Value.Type())
	}
	return errors.Join(
		flags.SetAnnotation(flag.Name, setBy, []string{"the content of " + s.name}),
		flags.SetAnnotation(flag.Name, setByFile, []string{}))
}

// readValue reads a file that holds a value and perhaps a line break at its end. Errors do
// not repeat the path: whoever confuses a variable with its twin puts a secret there.
func readValue(path string) (value string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", readError(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxValueFile+1))
	if err != nil {
		return "", readError(err)
	}
	if len(text) > maxValueFile {
		return "", fmt.Errorf("the file has more than %d bytes", maxValueFile)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func readError(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}

// nameSources names the variable or the file instead of the flag where a flag's value came
// from there: that is where to look.
func nameSources(flags *pflag.FlagSet, text string) string {
	flags.VisitAll(func(flag *pflag.Flag) {
		names := flag.Annotations[setBy]
		if len(names) == 0 {
			return
		}
		written := "--" + flag.Name + " "
		if _, secret := flag.Annotations[setByFile]; secret {
			text = strings.ReplaceAll(text, written+strconv.Quote(flag.Value.String())+" ", written)
		}
		text = strings.ReplaceAll(text, written, names[0]+" ")
	})
	return text
}
