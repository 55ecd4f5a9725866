// Takes pictures of the main pages, from made-up data of a company, for the documentation.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const [program, folder] = process.argv.slice(2);
const made = fs.mkdtempSync(path.join(os.tmpdir(), "accesscodes-pictures-"));
process.env.CONSOLE_PROGRAM = program;
process.env.CONSOLE_DATABASE = `sqlite:${made}/codes.db`;
const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--database", process.env.CONSOLE_DATABASE], {
  stdio: ["ignore", "pipe", "ignore"],
});
let said = "";
for await (const part of child.stdout) {
  said += part;
  if (/^Listening on /m.test(said)) break;
}
[process.env.CONSOLE_URL] = said.match(/(?<=^Listening on )http:\/\/\S+/m);
[process.env.CONSOLE_KEY] = said.match(/ack_\w+/);
[process.env.CONSOLE_LINK] = said.match(/http:\S+\/console\/link\/\S+/);

const { api, launch, newPage, open, setUp, invite } = await import("./lib/flow.mjs");
const { inDays, makeBatch, makeCodes } = await import("./lib/data.mjs");

const browser = await launch();
try {
  const page = await newPage(browser, { reducedMotion: "reduce" });
  await setUp(page);
  const batch = await makeBatch(2_000, "Loyalty cards 2027");
  await makeBatch(250, "Trade fair Hanover");
  await makeCodes();
  const people = ["Jonas Weber", "Priya Nair", "Elif Kaya", "Tom Becker", "Ana Costa", "Liam Byrne", "Noor Haddad"];
  for (const [i, recipient] of people.entries()) {
    const { code } = await api("POST", "/tenant-codes/generate", {
      type: i % 2 ? "Normal" : "Premium", recipient, maxRedemptions: 1 + 4 * (i % 3), expiresAt: inDays(20 * i + 3),
    });
    if (i % 3 !== 1) await api("POST", "/tenant-codes/redeem", { code, userId: `user-${4720 + i}` });
  }
  for (let i = 0; i < 36; i++) {
    await api("POST", "/tenant-codes/redeem", { code: "ACME-7KQW-M2XN", userId: `user-${5000 + i}` });
  }
  await invite("priya@acme.example", "editor");
  await open(page); // so that the counts have been read once
  const pages = {
    overview: "", codes: "/codes", code: "/codes/ACME-7KQW-M2XN", why: "/why?typed=acme%207kgw%20m2xn&user=user-4711",
    batch: `/batches/${batch}`, settings: "/settings",
  };
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, address] of Object.entries(pages)) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await open(page, address);
        if (name === "overview") await page.locator(".status, .strip, .share").first().waitFor();
        await page.screenshot({ path: path.join(folder, `${name}-${colorScheme}-${width}.png`) });
      }
    }
  }
} finally {
  await browser.close();
  const ended = new Promise((resolve) => { child.once("exit", resolve); });
  child.kill("SIGTERM");
  await ended;
  fs.rmSync(made, { recursive: true });
}
