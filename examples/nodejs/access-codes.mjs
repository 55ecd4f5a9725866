// Adds the code given as first argument, then generates one and prints it.
// The second argument is the type of both: Normal (the default), Premium or Upgrade.

const API_URL = process.env.ACCESSCODES_URL;
const API_KEY = process.env.ACCESSCODES_API_KEY;

if (!API_URL || !API_KEY) {
  console.error("Set ACCESSCODES_URL (such as http://127.0.0.1:8080) and ACCESSCODES_API_KEY.");
  process.exit(2);
}

// What the service says about a request that failed: a sentence for a person, and a reason to switch on
async function problem(response) {
  const text = await response.text();
  try {
    const { detail, reason } = JSON.parse(text);
    return `${response.status} ${reason}: ${detail}`;
  } catch {
    return `${response.status} ${text}`;
  }
}

// Add a specific access code
async function addAccessCode(code, type = "Normal") {
  const response = await fetch(`${API_URL}/tenant-codes/add`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Api-Key": API_KEY,
    },
    body: JSON.stringify({ code, type }),
  });

  if (!response.ok) {
    throw new Error(`Failed to add code: ${await problem(response)}`);
  }
}

// Generate a random access code
async function generateAccessCode(type = "Normal") {
  const response = await fetch(`${API_URL}/tenant-codes/generate`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Api-Key": API_KEY,
    },
    body: JSON.stringify({ type }),
  });

  if (!response.ok) {
    throw new Error(`Failed to generate code: ${await problem(response)}`);
  }

  const data = await response.json();
  return data.code;
}

const [code, type] = process.argv.slice(2);
if (!code) {
  console.error("Usage: node access-codes.mjs CODE [TYPE]");
  process.exit(2);
}
try {
  await addAccessCode(code, type);
  console.log(await generateAccessCode(type));
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
