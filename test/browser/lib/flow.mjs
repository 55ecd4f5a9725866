// What the flows share: a browser, the server under test, and ways to look at a page.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export { assert };

const env = process.env;
export const server = {
  url: env.CONSOLE_URL, key: env.CONSOLE_KEY, link: env.CONSOLE_LINK,
  program: env.CONSOLE_PROGRAM, database: env.CONSOLE_DATABASE,
};
// routes are the paths of all pages, with the names of what fills them in braces.
export const routes = (env.CONSOLE_PAGES || "").split("\n").filter(Boolean);
export const password = "correct horse battery staple";
const limit = 20_000; // milliseconds; how long a page may take on a busy machine

export const launch = () => chromium.launch({
  executablePath: "/usr/bin/chromium-headless-shell",
  args: ["--no-sandbox", "--renderer-process-limit=1"],
});

// What pages may say to the browser's console: that an answer was a refusal, which flows look at.
const expected = [/Failed to load resource: the server responded with a status of 4\d\d/];
// expect adds what a flow provokes.
export const expect = (words) => expected.push(words);

// newPage opens a window of its own: with no cookies but those given.
export const newPage = async (browser, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(limit);
  const page = await context.newPage();
  watch(page);
  return page;
};

// newTab opens another tab of the window that a page is in.
export const newTab = async (page) => {
  const tab = await page.context().newPage();
  watch(tab);
  return tab;
};

// watch lets a flow fail by what goes wrong in a page: an error, or what the policy of content kept out.
const wrongs = [];
export const watch = (page) => {
  page.on("pageerror", (error) => wrongs.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" || expected.some((words) => words.test(message.text()))) return;
    wrongs.push(`${page.url()}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url)) wrongs.push(`${page.url()} asked for ${request.url()}`);
  });
};

// run runs the steps of a flow one after the other in one browser.
export const run = async (steps) => {
  const browser = await launch();
  const end = () => browser.close().finally(() => process.exit(1));
  process.once("SIGTERM", end);
  try {
    for (const [name, step] of Object.entries(steps)) {
      const began = performance.now();
      try {
        await step(browser);
        assert.deepEqual(wrongs, [], "what went wrong in pages");
      } catch (error) {
        console.error(`FAILED: ${name}\n${error.stack}`);
        await keepPictures(browser, name);
        process.exitCode = 1;
        return;
      }
      console.log(`ok: ${name} (${Math.round(performance.now() - began)} ms)`);
    }
  } finally {
    await browser.close();
  }
};

const keepPictures = async (browser, name) => {
  fs.mkdirSync(env.CONSOLE_PICTURES, { recursive: true });
  let i = 0;
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const file = path.join(env.CONSOLE_PICTURES, `${name.replace(/\W+/g, "-")}-${i++}.png`);
    try {
      await page.screenshot({ path: file, fullPage: true });
      console.error(`${page.url()} is in ${file}; it says:\n${(await page.locator("body").innerText()).slice(0, 1500)}`);
    } catch (error) {
      console.error(`no picture of ${page.url()}: ${error.message}`);
    }
  }
};

// api asks the API with the first key.
export const api = async (method, address, body) => {
  const isText = typeof body === "string"; // a file
  const answer = await fetch(server.url + address, {
    method,
    headers: { "X-Api-Key": server.key, ...(body && { "Content-Type": isText ? "text/csv" : "application/json" }) },
    body: isText ? body : body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${address}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
};

// command runs the program on the server's database.
export const command = async (...args) => {
  const { stdout } = await promisify(execFile)(server.program, [...args, "--database", server.database]);
  return stdout;
};

// invite invites somebody to the workspace and returns the address of the link.
export const invite = async (email, role, ...flags) => {
  const said = await command("member", "invite", email, "--role", role, "--workspace", "default", ...flags);
  const found = said.match(/\/console\/link\/\S+/);
  assert.ok(found, said);
  return server.url + found[0];
};

// setUp is the way from the set-up link to the first code.
export const setUp = async (page) => {
  await page.goto(server.link);
  await page.fill("#field-name", "Mara Lindt");
  await page.fill("#field-email", "mara@acme.example");
  await page.fill("#field-password", password);
  await press(page, "button.primary");
  await page.fill("#field-name", "Acme Inc.");
  await page.fill("#field-prefix", "ACME");
  await press(page, "button.primary");
};

// join follows an invitation in a new window.
export const join = async (browser, name, role, options) => {
  const page = await newPage(browser, options);
  await page.goto(await invite(`${name.toLowerCase()}@acme.example`, role));
  await page.fill("#field-name", name);
  await page.fill("#field-password", password);
  await press(page, "button.primary");
  at(page, "/console/w/default");
  return page;
};

export const signIn = async (page, email = "mara@acme.example", secret = password) => {
  await page.goto(`${server.url}/console/sign-in`);
  await page.fill("#field-email", email);
  await page.fill("#field-password", secret);
  await press(page, "button.primary");
};

// press presses what leads to another page and waits for that page.
export const press = async (page, what) => {
  await Promise.all([page.waitForEvent("load"), page.locator(what).first().click()]);
};

// open opens a page of the workspace.
export const open = async (page, address = "", status = 200) => {
  const answer = await page.goto(`${server.url}/console/w/default${address}`);
  assert.equal(answer.status(), status, `${address}: status`);
};

// says waits until a page says something.
export const says = async (page, words) => {
  await page.locator("body", { hasText: words }).waitFor();
};

export const at = (page, address) => assert.equal(new URL(page.url()).pathname, address);
