package core

import (
	"crypto/rand"
	"io"
)

// SystemEntropy is the operating system's cryptographic random source.
func SystemEntropy() io.Reader { return rand.Reader }
