// From the link that the first start prints to a code that works, and out again.
import { execFileSync } from "node:child_process";
import { api, assert, at, newPage, open, password, press, run, server, signIn } from "../lib/flow.mjs";

await run({
  "the set-up link leads to a first code, whose curl line works": async (browser) => {
    const mara = await newPage(browser);
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
});
