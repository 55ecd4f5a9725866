<?php

// Adds the code given as first argument, then generates one and prints it.
// The second argument is the type of both: Normal (the default), Premium or Upgrade.

$apiUrl = getenv("ACCESSCODES_URL");
$apiKey = getenv("ACCESSCODES_API_KEY");

if (!$apiUrl || !$apiKey) {
    fwrite(STDERR, "Set ACCESSCODES_URL (such as http://127.0.0.1:8080) and ACCESSCODES_API_KEY.\n");
    exit(2);
}
if ($argc < 2) {
    fwrite(STDERR, "Usage: php access-codes.php CODE [TYPE]\n");
    exit(2);
}

// What the service says about a request that failed: a sentence for a person, and a reason to switch on
function problem(int $httpCode, string|false $response): string
{
    $problem = json_decode((string) $response, true);
    return isset($problem["reason"], $problem["detail"])
        ? "$httpCode {$problem["reason"]}: {$problem["detail"]}"
        : "HTTP $httpCode $response";
}

// Add a specific access code
function addAccessCode(string $code, string $type = "Normal"): void
{
    global $apiUrl, $apiKey;

    $ch = curl_init("$apiUrl/tenant-codes/add");
    curl_setopt_array($ch, [
        CURLOPT_POST => true,
        CURLOPT_HTTPHEADER => [
            "Content-Type: application/json",
            "X-Api-Key: $apiKey",
        ],
        CURLOPT_POSTFIELDS => json_encode(["code" => $code, "type" => $type]),
        CURLOPT_RETURNTRANSFER => true,
    ]);

    $response = curl_exec($ch);
    $httpCode = curl_getinfo($ch, CURLINFO_HTTP_CODE);
    curl_close($ch);

    if ($httpCode !== 200) {
        throw new Exception("Failed to add code: " . problem($httpCode, $response));
    }
}

// Generate a random access code
function generateAccessCode(string $type = "Normal"): string
{
    global $apiUrl, $apiKey;

    $ch = curl_init("$apiUrl/tenant-codes/generate");
    curl_setopt_array($ch, [
        CURLOPT_POST => true,
        CURLOPT_HTTPHEADER => [
            "Content-Type: application/json",
            "X-Api-Key: $apiKey",
        ],
        CURLOPT_POSTFIELDS => json_encode(["type" => $type]),
        CURLOPT_RETURNTRANSFER => true,
    ]);

    $response = curl_exec($ch);
    $httpCode = curl_getinfo($ch, CURLINFO_HTTP_CODE);
    curl_close($ch);

    if ($httpCode !== 200) {
        throw new Exception("Failed to generate code: " . problem($httpCode, $response));
    }

    return json_decode($response, true)["code"];
}

$type = $argv[2] ?? "Normal";
try {
    addAccessCode($argv[1], $type);
    echo generateAccessCode($type), "\n";
} catch (Exception $e) {
    fwrite(STDERR, $e->getMessage() . "\n");
    exit(1);
}
