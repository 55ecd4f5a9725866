package core

// OptionalText is a text of which none lies as NULL in a column and is null in JSON.
type OptionalText string

// Metadata is texts by name. None lies as NULL in a column and is an empty object in JSON.
type Metadata map[string]string
