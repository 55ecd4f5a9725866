"""Adds the code given as first argument, then generates one and prints it.

The second argument is the type of both: Normal (the default), Premium or Upgrade.
"""

import os
import sys

import requests

API_URL = os.environ.get("ACCESSCODES_URL")
API_KEY = os.environ.get("ACCESSCODES_API_KEY")

if not API_URL or not API_KEY:
    print("Set ACCESSCODES_URL (such as http://127.0.0.1:8080) and ACCESSCODES_API_KEY.", file=sys.stderr)
    sys.exit(2)


# What the service says about a request that failed: a sentence for a person, and a reason to switch on
def check(response: requests.Response, what: str):
    if response.ok:
        return
    try:
        problem = response.json()
        raise SystemExit(f"{what}: {response.status_code} {problem['reason']}: {problem['detail']}")
    except (ValueError, KeyError):
        raise SystemExit(f"{what}: {response.status_code} {response.text}") from None


headers = {
    "Content-Type": "application/json",
    "X-Api-Key": API_KEY,
}


# Add a specific access code
def add_access_code(code: str, code_type: str = "Normal"):
    response = requests.post(
        f"{API_URL}/tenant-codes/add",
        headers=headers,
        json={"code": code, "type": code_type},
    )
    check(response, "Failed to add code")


# Generate a random access code
def generate_access_code(code_type: str = "Normal") -> str:
    response = requests.post(
        f"{API_URL}/tenant-codes/generate",
        headers=headers,
        json={"type": code_type},
    )
    check(response, "Failed to generate code")
    return response.json()["code"]


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print("Usage: python3 access_codes.py CODE [TYPE]", file=sys.stderr)
        sys.exit(2)
    add_access_code(*sys.argv[1:3])
    print(generate_access_code(*sys.argv[2:3]))
