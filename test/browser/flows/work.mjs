// The work of a day: codes are picked, extended and exported, a file is read, keys are made and taken back.
import fs from "node:fs";
import { makeCodes } from "../lib/data.mjs";
import { api, assert, newPage, open, press, run, says, server, setUp } from "../lib/flow.mjs";

let page;

await run({
  "rows are picked with Shift": async (browser) => {
    page = await newPage(browser);
    await setUp(page);
    await makeCodes();
    await open(page, "/codes?status=active");
    const boxes = page.locator("input[data-pick]");
    const count = await boxes.count();
    assert.ok(count >= 3, `${count} codes`);
    await boxes.first().click();
    await boxes.last().click({ modifiers: ["Shift"] });
    assert.equal(await page.locator("[data-count]").innerText(), `${count}`);
  },

  "codes are extended, none is shortened, and that is taken back": async () => {
    await open(page, "/codes?status=active");
    const ends = async () => Object.fromEntries((await api("GET", "/tenant-codes?limit=1000")).data
      .map(({ code, expiresAt }) => [code, expiresAt]));
    const before = await ends();
    await page.locator("input[data-pick-all]").check();
    await page.locator("[data-bulk] button[value=extend]").click();
    await page.locator("#dialog[open] #field-until").waitFor();
    await page.locator("#dialog #effects", { hasText: "end then or later already, or never" }).waitFor();
    await page.fill("#dialog #field-until", "2035-06-30");
    await page.locator("#dialog #field-until").blur();
    await page.locator("#dialog #do button", { hasText: "Extend 1 code" }).waitFor();
    await press(page, "#dialog #do button");
    await page.locator(".toast", { hasText: "Extended 1 code" }).waitFor();
    const { "ACME-7KQW-M2XN": end, ...others } = await ends();
    assert.equal(end.slice(0, 10), "2035-06-30");
    const { "ACME-7KQW-M2XN": was, ...same } = before;
    assert.deepEqual(others, same);
    await press(page, ".toast [data-key=u]");
    await page.locator(".toast", { hasText: "Undone" }).waitFor();
    assert.equal((await ends())["ACME-7KQW-M2XN"], was);
  },

  "a selection is exported by keys": async () => {
    await open(page, "/codes");
    await page.locator("tr[data-row]").first().waitFor();
    for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
    const picked = await page.locator("input[data-pick]:checked").evaluateAll((all) => all.map((box) => box.value));
    assert.equal(picked.length, 2);
    assert.equal(await page.locator("#live").innerText(), "Selected: 2");
    await page.keyboard.press("b");
    assert.ok(await page.evaluate(() => document.activeElement.matches("[data-bulk] button")), "the bar has the focus");
    await page.locator("[data-bulk] button[value=export]").focus();
    await page.keyboard.press("Enter");
    await page.locator("#dialog[open] h1", { hasText: "Export 2 codes?" }).waitFor();
    await page.locator("#dialog button[value=csv]").focus();
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    const file = fs.readFileSync(await download.path(), "utf8");
    for (const code of picked) assert.ok(file.includes(code), `${code} is not in\n${file}`);
    assert.equal(file.trim().split("\n").length, 3);
    await page.locator("#dialog[open]").waitFor({ state: "detached" });
  },

  "a code is made by keys alone": async () => {
    await open(page);
    await page.keyboard.press("n");
    await page.waitForURL("**/new");
    const before = (await api("GET", "/tenant-codes?limit=1000")).data.length;
    await page.locator("#main button.primary").focus();
    await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
    assert.equal((await api("GET", "/tenant-codes?limit=1000")).data.length, before + 1);
  },

  "a file is checked before anything is read in": async () => {
    await open(page, "/imports/new");
    const buffer = Buffer.from("code,type\nFAIR-0001,Premium\nFAIR-0002,Nonsense\n");
    await page.setInputFiles("input[type=file]", { name: "fair.csv", mimeType: "text/csv", buffer });
    await press(page, "#main button.primary");
    await says(page, "fair");
    await page.locator(".status.done, .status.warn, .status.failed, .status.ok").first().waitFor();
    const found = await fetch(`${server.url}/tenant-codes/FAIR-0001`, { headers: { "X-Api-Key": server.key } });
    assert.equal(found.status, 404);
  },

  "a key is made, seen once, used, and revoked": async () => {
    await open(page, "/keys/new");
    await page.fill("#field-name", "Shop");
    await page.locator("input[name=role][value=redeem]").check();
    await press(page, "#main button.primary");
    const [secret] = (await page.locator("#main").innerText()).match(/ack_[0-9A-Za-z]{20,}/);
    const use = () => fetch(`${server.url}/tenant-codes/validate`, {
      method: "POST", headers: { "X-Api-Key": secret, "Content-Type": "application/json" },
      body: JSON.stringify({ code: "ACME-7KQW-M2XN", userId: "user-1" }),
    });
    assert.equal((await use()).status, 200);
    await open(page, "/keys");
    assert.ok(!(await page.content()).includes(secret), "the list shows the secret");
    await page.locator("tr", { hasText: "Shop" }).locator("a[href$=revoke]").click();
    await page.locator("#dialog[open]").waitFor();
    await press(page, "#dialog button.danger");
    assert.equal((await use()).status, 401);
  },

  "the account page keeps the name, the language and the theme": async () => {
    await page.goto(`${server.url}/console/account`);
    await page.selectOption("#field-language", "de");
    await press(page, "main form[action$=account] button.primary");
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    await page.selectOption("#field-language", "");
    await press(page, "main form[action$=account] button.primary");
    await page.check("input[name=theme][value=dark]");
    await open(page);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(17, 22, 19)");
    await page.goto(`${server.url}/console/account`);
    await page.check("input[name=theme][value='']");
  },

  "keys lead to pages, unless they are off or a field has the focus": async () => {
    await open(page);
    await page.keyboard.press("g");
    await Promise.all([page.waitForURL("**/why"), page.keyboard.press("w")]);
    await page.locator("h1").click();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.name), "q");
    await page.keyboard.type("gk?");
    assert.equal(await page.inputValue("[name=q]"), "gk?");
    await page.goto(`${server.url}/console/help`);
    await page.locator("main input[type=checkbox]").first().uncheck();
    await open(page);
    await page.locator("h1").click();
    await page.keyboard.press("/");
    assert.notEqual(await page.evaluate(() => document.activeElement.name), "q");
    await page.goto(`${server.url}/console/help`);
    await page.locator("main input[type=checkbox]").first().check();
  },
});
