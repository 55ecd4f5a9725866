package upload

import "io"

// OpenSmall is Open for a file that may not be larger than so many bytes.
func OpenSmall(r io.Reader, format Format, maxBytes int64) (*Reader, error) {
	return open(r, format, maxBytes, nil)
}
