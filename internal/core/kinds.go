package core

// OptionalText is a text that may be empty. An empty one is NULL in a column and null in JSON.
type OptionalText string

// Metadata maps names to texts. Empty metadata is NULL in a column and an empty object in JSON.
type Metadata map[string]string
