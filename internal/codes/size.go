package codes

// shownFields is about what an entry's field names, times and numbers take on a page.
const shownFields = 400

// Size is about how many bytes the redemption takes on a page.
func (r *Redemption) Size() int {
	return shownFields + len(r.Code) + len(r.UserID) + len(r.Reason) + sizeOf(r.Metadata)
}

// Size is about how many bytes the user takes on a page.
func (u *User) Size() int { return shownFields/2 + len(u.ID) }

// sizeOf is the length of all keys and values in bytes.
func sizeOf(metadata map[string]string) (bytes int) {
	for key, value := range metadata {
		bytes += len(key) + len(value)
	}
	return bytes
}
