// The work of a day without a mouse: what has the focus is seen, and is where one goes on.
import { inDays, makeCodes } from "../lib/data.mjs";
import { api, assert, at, newPage, open, password, run, says, server } from "../lib/flow.mjs";

let page;
const statusOf = async (code) => (await api("GET", `/tenant-codes/${code}`)).status;

// focus says what has the focus: its box is on the screen and has a ring.
const focus = async () => {
  const [what, isSeen] = await page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const isOnScreen = box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    return [element.outerHTML.slice(0, 200), isOnScreen && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
  });
  assert.ok(isSeen, `nobody sees that this has the focus: ${what}`);
  return what;
};

// tabTo presses Tab until something has the focus, at most as often as a page has stops.
const tabTo = async (selector) => {
  const passed = [];
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    passed.push(await focus());
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  assert.fail(`${selector} is not among\n${passed.join("\n")}`);
};

// enter presses a key that leads to another page.
const enter = (key = "Enter") => Promise.all([page.waitForEvent("load"), page.keyboard.press(key)]);
const has = (selector) => page.waitForFunction((wanted) => document.activeElement.matches(wanted), selector);
const type = async (selector, text) => {
  await tabTo(selector);
  await page.keyboard.type(text);
};

await run({
  "from the set-up link to the first code": async (browser) => {
    page = await newPage(browser);
    await page.goto(server.link);
    await has("#field-name"); // one can begin to type at once
    await page.keyboard.type("Mara Lindt");
    await type("#field-email", "mara@acme.example");
    await type("#field-password", password);
    await enter();
    await type("#field-prefix", "ACME");
    await page.locator("#preview .hero", { hasText: "ACME" }).waitFor();
    await has("#field-prefix"); // what was shown anew beside it took nothing away
    await enter();
    await tabTo("main a.primary");
    await enter();
    at(page, "/console/w/default");
    await makeCodes();
  },

  "signing out and in": async () => {
    await tabTo(".me button");
    await enter();
    await has("#field-email");
    await page.keyboard.type("mara@acme.example");
    await type("#field-password", password);
    await enter();
    at(page, "/console/w/default");
  },

  "the first stop leads past the menu": async () => {
    await open(page, "/users");
    await page.keyboard.press("Tab");
    await focus();
    await page.keyboard.press("Enter");
    await has("#main");
    await tabTo("#main a, #main button, #main input");
  },

  "from a search to the answer, and to what helps": async () => {
    await open(page);
    await page.keyboard.press("/");
    await page.keyboard.type("acme ende dxxx");
    await enter();
    await says(page, "It ended 2 days ago");
    await type(".remedies [name=until]", "");
    await tabTo(".remedies form[action$=extend] button");
    await enter();
    await says(page, "ends");
    assert.equal(await statusOf("ACME-ENDE-DXXX"), "active");
    await page.keyboard.press("/");
    await page.keyboard.type("ACME-USED-UPXX");
    await enter();
    await enter("3"); // the third remedy is to raise the limit
    assert.equal((await api("GET", "/tenant-codes/ACME-USED-UPXX")).maxRedemptions, 2);
  },

  "rows are picked with Space and Shift, revoked, and brought back": async () => {
    await open(page, "/codes?status=active");
    await tabTo("input[data-pick]");
    await page.keyboard.press("Space");
    await tabTo("input[data-pick]");
    await tabTo("input[data-pick]");
    await page.keyboard.press("Shift+Space");
    const picked = await page.locator("input[data-pick]:checked").evaluateAll((all) => all.map((box) => box.value));
    assert.equal(picked.length, 3);
    await tabTo("[data-bulk] button[value=revoke]");
    await page.keyboard.press("Enter");
    await has("#dialog[open] [data-close]");
    await page.keyboard.press("Escape");
    await has("[data-bulk] button[value=revoke]"); // from where the question was asked
    assert.equal(await statusOf(picked[0]), "active");
    await page.keyboard.press("Enter");
    await has("#dialog[open] [data-close]");
    await tabTo("#dialog button.danger");
    await enter();
    for (const code of picked) assert.equal(await statusOf(code), "revoked");
    await page.locator("[data-key=u]").first().waitFor();
    await enter("u");
    await says(page, "Undone");
    for (const code of picked) assert.equal(await statusOf(code), "active");
  },

  "what a dialog counts anew leaves the focus where it was": async () => {
    await open(page, "/codes?status=active");
    await tabTo("input[data-pick]");
    await page.keyboard.press("Space");
    await tabTo("[data-bulk] button[value=extend]");
    await page.keyboard.press("Enter");
    await has("#dialog[open] [data-close]");
    await page.keyboard.press("Shift+Tab");
    await page.locator("#dialog #field-until").focus();
    const counted = page.waitForResponse((answer) => answer.url().includes("/changes/preview"));
    await page.locator("#dialog #field-until").fill(inDays(60).slice(0, 10));
    await page.keyboard.press("Tab");
    await counted;
    await page.locator("#dialog #do button").waitFor();
    assert.ok(await page.evaluate(() => document.querySelector("#dialog").contains(document.activeElement)));
    await page.keyboard.press("Escape");
    await page.locator("#dialog[open]").waitFor({ state: "detached" });
  },

  "rows are reached, picked and opened by letters": async () => {
    await open(page, "/codes");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await focus();
    await page.keyboard.press("x");
    const second = page.locator("tr[data-row]").nth(1).locator("input[data-pick]");
    assert.equal(await page.locator("input[data-pick]:checked").count(), 1);
    assert.ok(await second.isChecked());
    const code = await second.inputValue();
    await enter();
    at(page, `/console/w/default/codes/${code}`);
  },
});
