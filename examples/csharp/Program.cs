// Adds the code given as first argument, then generates one and prints it.
// The second argument is the type of both: Normal (the default), Premium or Upgrade.

using System.Net.Http.Json;

var apiUrl = Environment.GetEnvironmentVariable("ACCESSCODES_URL");
var apiKey = Environment.GetEnvironmentVariable("ACCESSCODES_API_KEY");

if (string.IsNullOrEmpty(apiUrl) || string.IsNullOrEmpty(apiKey))
{
    Console.Error.WriteLine("Set ACCESSCODES_URL (such as http://127.0.0.1:8080) and ACCESSCODES_API_KEY.");
    return 2;
}
if (args.Length < 1)
{
    Console.Error.WriteLine("Usage: dotnet run -- CODE [TYPE]");
    return 2;
}

var client = new HttpClient
{
    BaseAddress = new Uri(apiUrl)
};
client.DefaultRequestHeaders.Add("X-Api-Key", apiKey);

var codeType = args.Length > 1 ? args[1] : "Normal";
await AddAccessCode(args[0], codeType);
Console.WriteLine(await GenerateAccessCode(codeType));
return 0;

// Add a specific access code
async Task AddAccessCode(string code, string type = "Normal")
{
    var response = await client.PostAsJsonAsync(
        "/tenant-codes/add",
        new { code, type }
    );
    response.EnsureSuccessStatusCode();
}

// Generate a random access code
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

record GenerateCodeResponse(string Code);
