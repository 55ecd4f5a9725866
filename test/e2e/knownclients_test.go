package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// knownClients is the code that callers of this API have in their systems, word for
// word: each must go on working with nothing changed but its address and its key. ´
// stands for a backquote.
var knownClients = []struct{ file, code string }{
	{"nodejs/access-codes.mjs", `
async function addAccessCode(code, type = "Normal") {
  const response = await fetch(´${API_URL}/tenant-codes/add´, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Api-Key": API_KEY,
    },
    body: JSON.stringify({ code, type }),
  });

  if (!response.ok) {
    throw new Error(´Failed to add code: ${response.status}´);
  }
}

async function generateAccessCode(type = "Normal") {
  const response = await fetch(´${API_URL}/tenant-codes/generate´, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Api-Key": API_KEY,
    },
    body: JSON.stringify({ type }),
  });

  if (!response.ok) {
    throw new Error(´Failed to generate code: ${response.status}´);
  }

  const data = await response.json();
  return data.code;
}`},
	{"python/access_codes.py", `
headers = {
    "Content-Type": "application/json",
    "X-Api-Key": API_KEY,
}

def add_access_code(code: str, code_type: str = "Normal"):
    response = requests.post(
        f"{API_URL}/tenant-codes/add",
        headers=headers,
        json={"code": code, "type": code_type},
    )
    response.raise_for_status()

def generate_access_code(code_type: str = "Normal") -> str:
    response = requests.post(
        f"{API_URL}/tenant-codes/generate",
        headers=headers,
        json={"type": code_type},
    )
    response.raise_for_status()
    return response.json()["code"]`},
	{"csharp/Program.cs", `
using System.Net.Http.Json;`},
	{"csharp/Program.cs", `
async Task AddAccessCode(string code, string type = "Normal")
{
    var response = await client.PostAsJsonAsync(
        "/tenant-codes/add",
        new { code, type }
    );
    response.EnsureSuccessStatusCode();
}

async Task<string> GenerateAccessCode(string type = "Normal")
{
    var response = await client.PostAsJsonAsync(
        "/tenant-codes/generate",
        new { type }
    );
    response.EnsureSuccessStatusCode();

    var result = await response.Content.ReadFromJsonAsync<GenerateCodeResponse>();
    return result.Code;
}

record GenerateCodeResponse(string Code);`},
	{"php/access-codes.php", `
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
        throw new Exception("Failed to add code: HTTP $httpCode");
    }
}

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
        throw new Exception("Failed to generate code: HTTP $httpCode");
    }

    return json_decode($response, true)["code"];
}`},
}

func TestTheExamplesAreTheCodeThatCallersHave(t *testing.T) {
	for _, known := range knownClients {
		want := withoutSpace(withoutFailures(strings.ReplaceAll(known.code, "´", "`")))
		if !strings.Contains(withoutSpace(withoutFailures(withoutComments(readExample(t, known.file)))), want) {
			t.Errorf("examples/%s does not hold\n%s", known.file, known.code)
		}
	}
}

// failure is what a client does about a refusal. The examples also show what the service says about
// it, which changes nothing in what is sent and read.
var failure = regexp.MustCompile(`(?m)^\s*(throw new .*|response\.raise_for_status\(\)|check\(response, .*)$`)

func withoutFailures(code string) string { return failure.ReplaceAllString(code, "") }

// knownCommands are command lines that callers of this API have in their scripts, word for word
// but for the address and the key.
const knownCommands = `
curl -X POST $API_URL/tenant-codes/add \
  -H "Content-Type: application/json" \
  -H "X-Api-Key: $API_KEY" \
  -d '{"code": "WELCOME2025", "type": "Normal"}'
echo
curl -X POST $API_URL/tenant-codes/generate \
  -H "Content-Type: application/json" \
  -H "X-Api-Key: $API_KEY" \
  -d '{"type": "Normal"}'`

func TestKnownCommandsWork(t *testing.T) {
	requireTool(t, "curl")
	s := startServer(t, newSQLite(t))
	answers := strings.Split(mustRun(t, []string{"API_URL=" + s.url, "API_KEY=" + s.key}, "sh", "-c", knownCommands), "\n")
	if len(answers) != 2 || !strings.HasPrefix(answers[0], `{"code":"WELCOME2025","type":"Normal",`) ||
		!exactlyACode.MatchString(answers[1]) {
		t.Errorf("answers: %q", answers)
	}
}

// exactlyACode is the whole answer about a generated code.
var exactlyACode = regexp.MustCompile(`^\{"code":"[A-Z0-9]+-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}"\}$`)

func TestTheCSharpExampleIsAProgramForDotNet8(t *testing.T) {
	project := withoutSpace(readExample(t, "csharp", "AccessCodes.csproj"))
	// The known code names no System namespace: it relies on implicit usings.
	for _, want := range []string{
		"<OutputType>Exe</OutputType>", "<TargetFramework>net8.0</TargetFramework>",
		"<ImplicitUsings>enable</ImplicitUsings>",
	} {
		if !strings.Contains(project, want) {
			t.Errorf("AccessCodes.csproj does not hold %s", want)
		}
	}
	source := readExample(t, "csharp", "Program.cs")
	for _, want := range []string{
		`"ACCESSCODES_URL"`, `"ACCESSCODES_API_KEY"`, "return 2;", "await AddAccessCode(",
		"await GenerateAccessCode(",
	} {
		if !strings.Contains(source, want) {
			t.Errorf("Program.cs does not hold %s", want)
		}
	}
}

// .NET is not among what the tests need, so its requests are sent by hand:
// PostAsJsonAsync sends a chunked body and names the charset.
func TestTheRequestsOfTheCSharpExampleAreUnderstood(t *testing.T) {
	s := startServer(t, newSQLite(t))
	c := newClient(t, s.url, s.key)
	requests := []struct{ path, body, want string }{
		{"/tenant-codes/add", `{"code":"WELCOME-CSHARP","type":"Premium"}`, "WELCOME-CSHARP"},
		{"/tenant-codes/generate", `{"type":"Normal"}`, ""},
	}
	for _, r := range requests {
		body := struct{ *strings.Reader }{strings.NewReader(r.body)} // hides its length
		request, err := http.NewRequest(http.MethodPost, c.url+r.path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
		a, err := c.do(request)
		must(t, r.path, a, err, http.StatusOK, "")
		if r.want != "" && a.Code != r.want || r.want == "" && !generatedCode.MatchString(a.Code) {
			t.Errorf("%s answered %s", r.path, a.body)
		}
	}
}

// withoutComments drops every line that is a comment.
func withoutComments(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if start := strings.TrimSpace(line); !strings.HasPrefix(start, "//") && !strings.HasPrefix(start, "# ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func withoutSpace(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}
