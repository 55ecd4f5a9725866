// Windows are left open, gone back in and used side by side, and sessions begin and end meanwhile.
import { makeCodes } from "../lib/data.mjs";
import {
  api, assert, at, newPage, newTab, open, password, press, run, says, server, setUp, signIn,
} from "../lib/flow.mjs";

let page;
const code = (value) => api("GET", `/tenant-codes/${value}`);
const endSession = () => page.context().clearCookies({ name: "accesscodes-session" });
const comeBack = async () => {
  await page.fill("#field-email", "mara@acme.example");
  await page.fill("#field-password", password);
  await press(page, "button.primary");
};

await run({
  "two tabs that change one code keep each other's work": async (browser) => {
    page = await newPage(browser);
    await setUp(page);
    await makeCodes();
    const other = await newTab(page);
    for (const tab of [page, other]) await open(tab, "/codes/ACME-7KQW-M2XN/edit");
    await page.fill("#field-note", "Autumn fair");
    await press(page, "#main button.primary");
    await other.fill("#field-recipient", "Priya Nair");
    await press(other, "#main button.primary");
    const { note, recipient, maxRedemptions } = await code("ACME-7KQW-M2XN");
    assert.deepEqual({ note, recipient, maxRedemptions }, { note: "Autumn fair", recipient: "Priya Nair", maxRedemptions: 100 });

    for (const tab of [page, other]) await open(tab, "/why?typed=ACME-REVO-KEDX");
    await press(page, ".remedies form[action$=restore] button");
    await press(other, ".remedies form[action$=restore] button"); // it is restored already
    await says(other, "It works");
    assert.equal((await code("ACME-REVO-KEDX")).status, "active");
    await other.close();
  },

  "going back shows what is so now, and sends nothing twice": async () => {
    await open(page, "/why?typed=ACME-NRML-4711");
    await says(page, "It works");
    await open(page, "/codes/ACME-NRML-4711/revoke");
    await press(page, "#main button.danger");
    await page.goBack();
    await page.goBack();
    await says(page, "It was revoked");
    await open(page, "/new");
    const count = async () => (await api("GET", "/tenant-codes?limit=1000")).data.length;
    const before = await count();
    await press(page, "#main button.primary");
    assert.equal(await count(), before + 1);
    const made = page.url();
    await page.goBack();
    await page.locator("#main button.primary").waitFor();
    assert.ok(await page.locator("#main button.primary").isEnabled(), "the button still waits");
    await page.goForward();
    assert.equal(page.url(), made);
    await open(page, "/why?typed=ACME-7KQW-M2XN&user=user-4711");
    await press(page, "[aria-labelledby=found] a.code");
    await page.goBack();
    assert.equal(await page.inputValue("#field-user"), "user-4711");
    await says(page, "They have used it already");
  },

  "a form that is sent when the session has ended is there after signing in": async () => {
    await open(page, "/new");
    await page.check("[name=how][value=own]");
    await page.fill("#field-code", "ACME-LOST-XXXX");
    await page.fill("#field-recipient", "Jonas Weber");
    await endSession();
    const previewed = page.waitForResponse((r) => r.status() === 204); // which leaves the form as it is
    await page.fill("#field-note", "A note that took\tlong – “quoted” & <odd>");
    await previewed;
    await press(page, "#main button.primary");
    await says(page, "Sign in");
    await comeBack();
    await says(page, "ACME-LOST-XXXX");
    await press(page, "button.primary"); // it asks whether to go on
    const { note, recipient } = await code("ACME-LOST-XXXX");
    assert.equal(note, "A note that took\tlong – “quoted” & <odd>");
    assert.equal(recipient, "Jonas Weber");
  },

  "nor is a question in a dialog lost": async () => {
    await open(page, "/codes?status=active");
    await page.locator("input[data-pick]").first().check();
    const picked = await page.locator("input[data-pick]").first().inputValue();
    await endSession();
    await page.locator("[data-bulk] button[value=revoke]").click();
    await page.locator("#dialog #field-email").fill("mara@acme.example");
    await page.locator("#dialog #field-password").fill(password);
    await press(page, "#dialog button.primary");
    await press(page, "button.primary"); // it asks whether to go on
    await says(page, `Revoke ${picked}`);
    assert.equal((await code(picked)).status, "active");
  },

  "a page of which others have ended the session asks to sign in, and leads back": async () => {
    await open(page, "/users");
    await endSession();
    await press(page, ".nav a[href$=activity]");
    at(page, "/console/sign-in");
    await comeBack();
    assert.ok(page.url().startsWith(`${server.url}/console/w/default/activity`));
  },

  "a wrong password is refused as an unknown address is": async (browser) => {
    const other = await newPage(browser);
    await signIn(other, "mara@acme.example", "not the password");
    const wrong = await other.locator("[role=alert]").innerText();
    assert.equal(await other.inputValue("#field-email"), "mara@acme.example");
    await signIn(other, "nobody@acme.example", "not the password");
    assert.equal(await other.locator("[role=alert]").innerText(), wrong);
    await other.context().close();
  },

  "after signing in people are where they wanted to go": async (browser) => {
    const other = await newPage(browser);
    await other.goto(`${server.url}/console/w/default/why?typed=ACME-7KQW`);
    at(other, "/console/sign-in");
    await other.fill("#field-email", "mara@acme.example");
    await other.fill("#field-password", password);
    await press(other, "button.primary");
    at(other, "/console/w/default/why");
    assert.equal(await other.inputValue("#field-typed"), "ACME-7KQW");
    await other.context().close();
  },

  "sessions are listed, and one ends another": async (browser) => {
    const other = await newPage(browser);
    await signIn(other);
    await page.goto(`${server.url}/console/account`);
    await press(page, "form[action$=end-others] button");
    await other.reload();
    at(other, "/console/sign-in");
    await other.context().close();
  },
});
