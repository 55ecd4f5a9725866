// Ten thousand codes: they are made while people look on, and taken along.
import fs from "node:fs";
import { inDays } from "../lib/data.mjs";
import { api, assert, newPage, open, run, says, setUp } from "../lib/flow.mjs";

let page;
let id;

await run({
  "the page of a batch goes on by itself until 10,000 codes are there": async (browser) => {
    page = await newPage(browser);
    await setUp(page);
    ({ id } = await api("POST", "/batches", {
      count: 10_000, type: "Premium", name: "Loyalty cards 2027", expiresAt: inDays(30),
    }));
    await open(page, `/batches/${id}`);
    await page.locator("a[href$='/codes.csv']").first().waitFor();
    await says(page, "10,000");
    await page.locator(".status.done").waitFor();
    assert.equal((await api("GET", `/batches/${id}`)).status, "succeeded");
  },

  "its codes are downloaded as a file with all of them": async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"), page.locator("a[href$='/codes.csv']").first().click(),
    ]);
    assert.match(download.suggestedFilename(), /^Loyalty cards 2027-default-[\d-]+\.csv$/);
    const lines = fs.readFileSync(await download.path(), "utf8").trim().split(/\r?\n/);
    assert.equal(lines.length, 10_001);
    assert.equal(new Set(lines).size, 10_001);
  },

  "the list of batches leads back to it": async () => {
    await open(page, "/batches");
    await page.locator(`a[href$='/batches/${id}']`).first().click();
    await page.waitForURL(`**/batches/${id}`);
  },
});
