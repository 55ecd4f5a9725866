// What somebody writes into codes, notes, names and files runs in no page.
import { api, assert, expect, newPage, open, press, run, server, setUp } from "../lib/flow.mjs";

const attack = `"><img src=x onerror=boom()><script>boom()</script>{{constructor}}javascript:boom()`;
let page;
const ran = [];

await run({
  "nothing that was put in by others runs": async (browser) => {
    page = await newPage(browser);
    await page.exposeFunction("boom", () => ran.push(page.url()));
    await setUp(page);
    const add = (code, more) => api("POST", "/tenant-codes/add", { code, type: "Premium", ...more });
    await add("<svg onload=boom()>", {});
    await add("ACME-NOTE-0001", { note: attack, recipient: attack, metadata: { [attack.slice(0, 40)]: attack } });
    await api("POST", "/tenant-codes/redeem", { code: "ACME-NOTE-0001", userId: attack });
    const { id } = await api("POST", "/batches", { count: 1, type: "Normal", name: attack });
    await page.goto(`${server.url}/console/account`);
    await page.fill("#field-name", attack);
    await press(page, "main form[action$=account] button.primary");
    await open(page, "/imports/new");
    await page.setInputFiles("input[type=file]", {
      name: "<img src=x onerror=boom()>.csv", mimeType: "text/csv",
      buffer: Buffer.from(`code,type\n<script>boom()</script>,${attack}\n`),
    });
    await press(page, "#main button.primary");
    const upload = new URL(page.url()).pathname.replace("/console/w/default", "");
    const typed = encodeURIComponent(attack);
    for (const address of [
      "", "/codes", `/codes?q=${typed}`, `/why?typed=${typed}&user=${typed}`, "/why?typed=ACME-NOTE-0001",
      `/why?typed=${encodeURIComponent("<svg onload=boom()>")}`, "/batches", `/batches/${id}`, "/imports", upload,
      "/users", `/users?q=${typed}`, `/users/${typed}`, "/activity", `/activity?q=${typed}`, "/keys", "/settings",
    ]) {
      const answer = await page.goto(`${server.url}/console/w/default${address}`);
      const policy = answer.headers()["content-security-policy"];
      assert.match(policy, /script-src 'nonce-[^']+';/, address);
      assert.ok(!policy.includes("unsafe"), policy);
      assert.equal(await page.locator("#main img[src=x], #main script, #main svg[onload]").count(), 0, address);
    }
    assert.deepEqual(ran, []);
    const file = await page.request.get(`${server.url}/console/w/default/batches/${id}/codes.csv`);
    assert.match(file.headers()["content-disposition"], /^attachment; filename=[^<>]*$/);
  },

  "a script that runs all the same cannot write others into the page": async () => {
    expect(/requires 'Trusted/);
    await open(page);
    const tried = await page.evaluate(() => {
      const refused = [];
      for (const attempt of [
        () => { document.body.innerHTML = "<img src=x onerror=boom()>"; },
        () => document.createElement("img").setAttribute("onerror", "boom()"),
        () => { document.createElement("script").text = "boom()"; },
        () => { document.createElement("script").src = "/console/nothing.js"; },
      ]) {
        try {
          attempt();
        } catch (error) {
          refused.push(/Trusted/.test(error.message));
        }
      }
      return refused;
    });
    assert.deepEqual(tried, [true, true, true, true]);
    assert.deepEqual(ran, []);
  },
});
