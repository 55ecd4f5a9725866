package api

import (
	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
)

// typedCode describes the member code of a request.
const typedCode = "The code as a person typed it: case, spaces and dashes do not count."

// describeUserID completes the schema of the member userId of a request.
func describeUserID(schema *huma.Schema, description string) {
	userID := schema.Properties["userId"]
	userID.Description = description
	userID.MinLength, userID.MaxLength = new(1), new(codes.MaxUserIDLength)
}

// ownUserID describes the user for whom something is done.
const ownUserID = "Your own id of the user, compared byte by byte. No control characters."
