// "My code does not work": what the page says for each reason, and its remedies.
import { makeCodes } from "../lib/data.mjs";
import { api, assert, newPage, open, press, run, says, setUp } from "../lib/flow.mjs";

let page;

// ask types a code into the page, and a user's id.
const ask = async (typed, user = "") => {
  await open(page, "/why");
  await page.fill("#field-typed", typed);
  await page.fill("#field-user", user);
  await page.keyboard.press("Enter");
  await page.waitForURL(/typed=/);
};
const because = async (typed, user, reason) => {
  await ask(typed, user);
  await page.locator("[aria-labelledby=answer] code", { hasText: reason }).waitFor();
};

await run({
  "each reason is said": async (browser) => {
    page = await newPage(browser);
    await setUp(page);
    await makeCodes();
    await because("acme 7kqw–m2xn", "user-9", "200");
    await because("ACME-USED-UPXX", "user-9", "code_exhausted");
    await because("ACME-REVO-KEDX", "user-9", "code_revoked");
    await because("ACME-LATE-RXXX", "user-9", "code_not_started");
    await because("ACME-NRML-4711", "user-4711", "user_already_registered");
    await because("no such code at all", "user-9", "code_not_found");
    await ask("ACME-7KQW-M2XM");
    await page.locator(".compare").waitFor();
    await says(page, "differs in one character");
  },

  "a revoked code is restored by a key, and the way back is offered": async () => {
    await ask("ACME-REVO-KEDX");
    const restore = page.locator(".remedies form[action$=restore] button");
    await Promise.all([page.waitForEvent("load"), restore.click()]);
    await says(page, "is restored");
    assert.equal((await api("GET", "/tenant-codes/ACME-REVO-KEDX")).status, "active");
  },

  "a replacement works, and the old code names it": async () => {
    await ask("ACME-USED-UPXX", "user-9");
    await press(page, ".remedies form[action$=replace] button");
    await says(page, "is new, and works");
    assert.equal((await api("GET", "/tenant-codes/ACME-USED-UPXX")).status, "revoked");
  },

  "a search from any page leads here": async () => {
    await open(page, "/users");
    await page.locator("h1").click();
    await page.keyboard.press("/");
    await page.keyboard.type("acme7kqwm2xn");
    await Promise.all([page.waitForURL("**/why?**"), page.keyboard.press("Enter")]);
    await page.locator(".verdict").waitFor();
  },
});
