package codes

// shownFields is the approximate size of an entry's field names, times and numbers on a page, in
// bytes.
const shownFields = 400

// Size returns the approximate size of the redemption on a page, in bytes.
func (r *Redemption) Size() int {
	return shownFields + len(r.Code) + len(r.UserID) + len(r.Reason) + sizeOf(r.Metadata)
}

// Size returns the approximate size of the user on a page, in bytes.
func (u *User) Size() int { return shownFields/2 + len(u.ID) }

// sizeOf returns the length of all keys and values in bytes.
func sizeOf(metadata map[string]string) (bytes int) {
	for key, value := range metadata {
		bytes += len(key) + len(value)
	}
	return bytes
}
