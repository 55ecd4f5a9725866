// Package browser tests the console of the built program in a real browser: Debian's chromium, driven
// by playwright-core. The flows are in flows/; each has a server and a database of its own. Where one
// fails, it says what it saw and leaves a picture of the page.
//
// It needs what scripts/install-test-deps installs:
//
//	apt-get install chromium-headless-shell curl nodejs npm
package browser
