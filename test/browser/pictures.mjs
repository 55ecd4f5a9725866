// Takes pictures of the main pages, from the past of a made-up company, for the documentation.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const [program, past, folder] = process.argv.slice(2);
const made = fs.mkdtempSync(path.join(os.tmpdir(), "accesscodes-pictures-"));
const env = process.env;
env.CONSOLE_PROGRAM = program;
env.CONSOLE_DATABASE = `sqlite:${made}/codes.db`;
env.CONSOLE_KEY = execFileSync(past, [`${made}/codes.db`], { encoding: "utf8" }).trim();
const child = spawn(program, ["serve", "--listen", "127.0.0.1:0", "--database", env.CONSOLE_DATABASE], {
  stdio: ["ignore", "pipe", "ignore"],
});
let said = "";
for await (const part of child.stdout) {
  said += part;
  if (/^Listening on /m.test(said)) break;
}
[env.CONSOLE_URL] = said.match(/(?<=^Listening on )http:\/\/\S+/m);

const { api, launch, newPage, open, press, signIn } = await import("./lib/flow.mjs");

const views = [[1440, 900], [390, 844]].flatMap(([width, height]) => ["light", "dark"].map((theme) => ({ width, height, theme })));

const browser = await launch();
try {
  const page = await newPage(browser, { reducedMotion: "reduce", timezoneId: "Europe/Berlin" });
  await signIn(page);
  const { data: batches } = await api("GET", "/batches");
  const { data: endpoints } = await api("GET", "/webhook-endpoints");
  const { data: [{ userId }] } = await api("GET", "/redemptions?code=ACME-7KQW-M2XN&limit=1");
  // What is shown, and how a page comes to show it.
  const pages = {
    overview: [""],
    codes: ["/codes"],
    revoking: ["/codes?status=active", async () => {
      for (const box of (await page.locator("input[data-pick]").all()).slice(0, 5)) await box.check();
      await page.locator("[data-bulk] button[value=revoke]").click();
      await page.locator("#dialog[open] .effects").waitFor();
    }],
    code: ["/codes/ACME-7KQW-M2XN"],
    why: ["/why?typed=acme%207kgw%20m2xn&user=user-4711"],
    new: ["/new/many", async () => {
      await page.fill("#field-name", "Loyalty cards 2028");
      await page.check("[name=type][value=Premium]");
      await press(page, "[name=preset][value='10000']");
      await page.evaluate(() => scrollTo(0, 0));
    }],
    batch: [`/batches/${batches.find((one) => one.name.startsWith("Loyalty")).id}`],
    import: [`/imports/${batches.find((one) => one.name.startsWith("Partner")).id}`],
    user: [`/users/${userId}`],
    activity: ["/activity"],
    keys: ["/keys"],
    webhooks: ["/webhooks"],
    webhook: [`/webhooks/${endpoints.at(-1).id}`],
    settings: ["/settings"],
  };
  await open(page); // counting begins
  await page.locator("#overview:not([hx-trigger])").waitFor(); // it loads itself until all is counted
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, [address, prepare]] of Object.entries(pages)) {
    for (const { width, height, theme } of views) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      await open(page, address);
      await prepare?.();
      await page.screenshot({ path: path.join(folder, `${name}-${theme}-${width}.png`) });
    }
  }
} finally {
  await browser.close();
  const ended = new Promise((resolve) => { child.once("exit", resolve); });
  child.kill("SIGTERM");
  await ended;
  fs.rmSync(made, { recursive: true });
}
