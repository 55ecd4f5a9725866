package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"accesscodes/internal/words"
)

// noWords is the value of --word-filter that lets generated codes hold every word. A file of this name
// is "./off".
const noWords = "off"

// ReadWords sets Words to what WordFilter says. It is called once, because the file may be a pipe.
func (c *Serve) ReadWords() (err error) {
	switch c.WordFilter {
	case "":
		c.Words = words.Embedded()
	case noWords:
		c.Words = words.None()
	default:
		if c.Words, err = readWords(c.WordFilter); err != nil {
			return fmt.Errorf("--word-filter %q cannot be used: %w", c.WordFilter, err)
		}
	}
	return nil
}

// readWords reads a file of words. Its errors do not repeat the path.
func readWords(path string) (*words.Filter, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	list, err := words.Parse(file)
	if err != nil {
		return nil, withoutPath(err)
	}
	return words.New(list)
}

func withoutPath(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}
