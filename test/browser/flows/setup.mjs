// From the link that the first start prints to a code that works; sessions begin and end.
import { execFileSync } from "node:child_process";
import { api, assert, at, newPage, open, password, press, run, says, server, signIn } from "../lib/flow.mjs";

let mara;

await run({
  "the set-up link leads to a first code, whose curl line works": async (browser) => {
    mara = await newPage(browser);
    await mara.goto(server.link);
    await mara.fill("#field-name", "Mara Lindt");
    await mara.fill("#field-email", "mara@acme.example");
    await mara.fill("#field-password", "short");
    await press(mara, "button.primary");
    await mara.locator(".complaint").waitFor();
    assert.equal(await mara.inputValue("#field-email"), "mara@acme.example");
    await mara.fill("#field-password", password);
    await press(mara, "button.primary");

    await mara.fill("#field-name", "Acme Inc.");
    await mara.fill("#field-prefix", "ACME");
    await mara.locator("#preview .hero", { hasText: "ACME" }).waitFor();
    await press(mara, "button.primary");
    const line = await mara.locator("#curl").innerText();
    const code = await mara.locator("[data-copy]").first().getAttribute("data-copy");
    assert.match(code, /^ACME-/);
    const made = JSON.parse(execFileSync("sh", ["-c", `${line} -s`], { encoding: "utf8" }));
    assert.match(made.code, /^ACME-/);
    assert.equal((await api("GET", `/tenant-codes/${code}`)).code, code);
  },

  "the set-up link works once": async (browser) => {
    const other = await newPage(browser);
    const answer = await other.goto(server.link);
    assert.ok(answer.status() === 404 || answer.status() === 410, `${answer.status()}`);
    await other.context().close();
  },

  "a wrong password is refused as an unknown address is": async (browser) => {
    const page = await newPage(browser);
    await signIn(page, "mara@acme.example", "not the password");
    const wrong = await page.locator("[role=alert]").innerText();
    assert.equal(await page.inputValue("#field-email"), "mara@acme.example");
    await signIn(page, "nobody@acme.example", "not the password");
    assert.equal(await page.locator("[role=alert]").innerText(), wrong);
    await page.context().close();
  },

  "signing out ends the session, for every tab and for who kept the cookie": async (browser) => {
    const page = await newPage(browser);
    await signIn(page);
    at(page, "/console/w/default");
    const [kept] = (await page.context().cookies()).filter((c) => c.name === "accesscodes-session");
    assert.ok(kept.httpOnly && kept.sameSite === "Lax" && kept.expires === -1, JSON.stringify(kept));
    const tab = await page.context().newPage();
    await open(tab, "/why");
    await press(page, ".me button");
    at(page, "/console/sign-in");
    await tab.fill("#field-typed", "ACME");
    await press(tab, ".ask button");
    at(tab, "/console/sign-in");
    await page.context().addCookies([kept]);
    await page.goto(`${server.url}/console/account`);
    at(page, "/console/sign-in");
    await page.goBack();
    const shown = await page.locator("body").innerText();
    assert.ok(!shown.includes("Mara Lindt"), "the back button shows a page of before");
    await page.context().close();
  },

  "after signing in people are where they wanted to go": async (browser) => {
    const page = await newPage(browser);
    await page.goto(`${server.url}/console/w/default/why?typed=ACME-7KQW`);
    at(page, "/console/sign-in");
    await page.fill("#field-email", "mara@acme.example");
    await page.fill("#field-password", password);
    await press(page, "button.primary");
    at(page, "/console/w/default/why");
    assert.equal(await page.inputValue("#field-typed"), "ACME-7KQW");
    await page.context().close();
  },

  "a session that ends in the middle of a form loses nothing typed": async (browser) => {
    const page = await newPage(browser);
    await signIn(page);
    await open(page, "/keys/new");
    await page.fill("#field-name", "Checkout of the shop");
    await page.context().clearCookies({ name: "accesscodes-session" });
    await press(page, "main button.primary");
    await page.fill("#field-email", "mara@acme.example");
    await page.fill("#field-password", password);
    await press(page, "button.primary");
    await press(page, "button.primary");
    await says(page, "Copy your key now");
    await open(page, "/keys");
    await says(page, "Checkout of the shop");
    await page.context().close();
  },

  "sessions are listed, and one ends another": async (browser) => {
    const page = await newPage(browser);
    await signIn(page);
    await mara.goto(`${server.url}/console/account`);
    await press(mara, "form[action$=end-others] button");
    await page.reload();
    at(page, "/console/sign-in");
    await page.context().close();
  },

  "the account page keeps the name, the language and the theme": async () => {
    await mara.goto(`${server.url}/console/account`);
    await mara.selectOption("#field-language", "de");
    await press(mara, "main form[action$=account] button.primary");
    assert.equal(await mara.locator("html").getAttribute("lang"), "de");
    await mara.selectOption("#field-language", "");
    await press(mara, "main form[action$=account] button.primary");
    await mara.check("input[name=theme][value=dark]");
    await open(mara);
    assert.equal(await mara.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(17, 22, 19)");
    await mara.goto(`${server.url}/console/account`);
    await mara.check("input[name=theme][value='']");
  },

  "keys lead to pages, unless they are off or a field has the focus": async () => {
    await open(mara);
    await mara.keyboard.press("g");
    await Promise.all([mara.waitForURL("**/why"), mara.keyboard.press("w")]);
    await mara.locator("h1").click();
    await mara.keyboard.press("/");
    assert.equal(await mara.evaluate(() => document.activeElement.name), "q");
    await mara.keyboard.type("gk?");
    assert.equal(await mara.inputValue("[name=q]"), "gk?");
    await mara.goto(`${server.url}/console/help`);
    await mara.locator("main input[type=checkbox]").first().uncheck();
    await open(mara);
    await mara.locator("h1").click();
    await mara.keyboard.press("/");
    assert.notEqual(await mara.evaluate(() => document.activeElement.name), "q");
    await mara.goto(`${server.url}/console/help`);
    await mara.locator("main input[type=checkbox]").first().check();
  },
});
