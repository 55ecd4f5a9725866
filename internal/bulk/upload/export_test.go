package upload

// OpenSmall is Open for a file that may not be larger than so many bytes.
var OpenSmall = open
