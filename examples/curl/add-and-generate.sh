#!/bin/sh
# Adds the code given as first argument, then generates one and prints it.
# The second argument is the type of both: Normal (the default), Premium or Upgrade.
set -eu

if [ -z "${ACCESSCODES_URL:-}" ] || [ -z "${ACCESSCODES_API_KEY:-}" ]; then
  echo "Set ACCESSCODES_URL (such as http://127.0.0.1:8080) and ACCESSCODES_API_KEY." >&2
  exit 2
fi
if [ $# -lt 1 ]; then
  echo "Usage: add-and-generate.sh CODE [TYPE]" >&2
  exit 2
fi

# Add a specific access code. CODE must not hold a quote or a backslash: it goes into
# the JSON as it is.
add_access_code() {
  curl -sS --fail-with-body -X POST "$ACCESSCODES_URL/tenant-codes/add" \
    -H "Content-Type: application/json" \
    -H "X-Api-Key: $ACCESSCODES_API_KEY" \
    -d '{"code": "'"$1"'", "type": "'"$2"'"}'
}

# Generate a random access code
generate_access_code() {
  curl -sS --fail-with-body -X POST "$ACCESSCODES_URL/tenant-codes/generate" \
    -H "Content-Type: application/json" \
    -H "X-Api-Key: $ACCESSCODES_API_KEY" \
    -d '{"type": "'"$1"'"}'
}

add_access_code "$1" "${2:-Normal}" # prints the code object
echo
generated=$(generate_access_code "${2:-Normal}") # {"code":"PREFIX-ABCD-EFGH"}
echo "$generated" | sed 's/.*"code":"\([^"]*\)".*/\1/'
