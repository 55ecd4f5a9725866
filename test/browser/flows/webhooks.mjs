// An endpoint from its making to its end: a real receiver gets what happens, fails, and gets it again.
import { createHmac } from "node:crypto";
import { makeCodes } from "../lib/data.mjs";
import { api, assert, at, newPage, open, press, run, says, server, setUp } from "../lib/flow.mjs";
import { newReceiver } from "../lib/receiver.mjs";

let page, receiver, secret, endpoint;

// isSigned reports whether a request is signed with a secret, as Standard Webhooks 1.0.0 says.
const isSigned = ({ headers, body }, by) => {
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  const key = Buffer.from(by.replace("whsec_", ""), "base64");
  const made = `v1,${createHmac("sha256", key).update(signed).digest("base64")}`;
  return headers["webhook-signature"].split(" ").includes(made);
};

// until loads the endpoint's page anew until something is there.
const until = async (there) => {
  for (let i = 0; i < 200; i++) {
    await page.goto(server.url + endpoint);
    if (await there()) return;
  }
  assert.fail(`it did not become so:\n${await page.locator("main").innerText()}`);
};
const shows = (words) => async () => (await page.locator("main").innerText()).includes(words);

await run({
  "an endpoint is added, and its secret shown once": async (browser) => {
    receiver = await newReceiver();
    page = await newPage(browser);
    await setUp(page);
    await makeCodes();
    await open(page);
    await page.keyboard.press("g");
    await page.keyboard.press("h");
    await page.waitForURL("**/webhooks");
    assert.ok(!await page.locator("[name=kind]").first().isVisible(), "what is not asked for is folded away");
    await page.fill("#field-url", receiver.url);
    await page.fill("#field-description", "CRM");
    await page.check("[name=which][value=some]");
    await page.check("[name=kind][value=code]");
    await page.locator("li", { has: page.locator("[value=batch]") }).locator("summary").click();
    await page.check("[name=type][value='batch.completed']");
    await press(page, "#main button.primary");
    secret = await page.locator("#secret").innerText();
    assert.match(secret, /^whsec_/);
    await says(page, "Until a test has arrived, nothing else is sent.");
  },

  "nothing is sent before a test has arrived": async () => {
    await api("POST", "/tenant-codes/ACME-NRML-4711/revoke");
    receiver.status = 401;
    receiver.answer = "<script>alert(1)</script> wrong signature";
    await page.locator("main form [type=checkbox]").check();
    await press(page, "form[action$=test] button");
    await says(page, "It answered 401 Unauthorized.");
    await says(page, "checks the signature with another secret");
    await says(page, "wrong signature");
    receiver.status = 204;
    await press(page, "form[action$=test] button");
    await says(page, "gets what happens from now on");
    assert.deepEqual(receiver.got.map(({ event }) => event.type), ["endpoint.tested", "endpoint.tested"]);
    assert.ok(receiver.got.every((one) => isSigned(one, secret)));
    endpoint = await page.locator(".crumb a").last().getAttribute("href");
  },

  "what is wanted arrives, and nothing else": async () => {
    await api("POST", "/tenant-codes/add", { code: "ACME-HOOK-0001", type: "Normal" });
    let added = 0; // the server keeps for seconds what it knew of a key: so long it records no code that is added
    await until(async () => {
      await api("POST", "/tenant-codes/add", { code: `ACME-MADE-${added++}`, type: "Normal" });
      return shows("code.created")();
    });
    const types = new Set(receiver.got.map(({ event }) => event.type));
    assert.deepEqual([...types], ["endpoint.tested", "code.created"]);
    await open(page, "/activity?what=code.created");
    await says(page, receiver.got.at(-1).event.subject.id); // it is recorded now
  },

  "a receiver that fails is said, in the menu as well": async () => {
    receiver.status = 502;
    await api("POST", "/tenant-codes/ACME-HOOK-0001/revoke");
    await until(shows("Failing since"));
    await says(page, "the receiver does not");
    assert.equal(await page.locator(".nav a[aria-current] span").innerText(), "failing");
    await page.locator(".tabs a", { hasText: "Waiting" }).click();
    await page.locator("tbody a", { hasText: "code.revoked" }).click();
    await page.locator("#outcome").waitFor();
    await says(page, "\"id\": \"ACME-HOOK-0001\"");
    await says(page, "webhook-signature: v1,…");
  },

  "it is sent again": async () => {
    receiver.status = 204;
    const before = receiver.got.length;
    await press(page, "form[action$=resend] button");
    await page.locator("#outcome", { hasText: "Arrived" }).waitFor(); // the page looks by itself
    assert.equal(receiver.got[before].event.type, "code.revoked");
    const delivery = page.url();
    await page.fill(".search [name=q]", delivery.split("/").pop());
    await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
    assert.equal(page.url(), delivery);
  },

  "what happened while it was off is offered when it is on again": async () => {
    await page.goto(server.url + endpoint);
    await page.locator("a[href$='/off']").click();
    await page.locator("#dialog[open] h1").waitFor();
    assert.ok(await page.evaluate(() => document.activeElement.matches("[data-close]")), "the harmless button has the focus");
    await press(page, "#dialog button.danger");
    await says(page, "Switched off");
    await api("POST", "/tenant-codes/ACME-HOOK-0001/restore");
    await press(page, "form[action$='/on'] button");
    await says(page, "gets what happens from now on");
    await says(page, "events are sent again in their order");
    const before = receiver.got.length;
    await press(page, "form[method=post][action$=resend] button");
    await until(async () => receiver.got.slice(before).some(({ event }) => event.type === "code.restored"));
  },

  "a new secret signs beside the old one": async () => {
    await page.goto(server.url + endpoint);
    await page.locator("a[href$=rotate]").click();
    await press(page, "#main button.primary");
    const fresh = await page.locator("#secret").innerText();
    assert.notEqual(fresh, secret);
    await page.locator("main form [type=checkbox]").check();
    await press(page, "form[action$=test] button");
    assert.ok(isSigned(receiver.got.at(-1), fresh) && isSigned(receiver.got.at(-1), secret));
  },

  "without scripts a sample is seen, and the endpoint deleted": async (browser) => {
    const plain = await newPage(browser, { javaScriptEnabled: false, storageState: await page.context().storageState() });
    await plain.goto(server.url + endpoint);
    await plain.locator("a[href$=sample]").click();
    await plain.locator("select[name=type]").selectOption("batch.completed");
    await plain.locator("main form button").click();
    await says(plain, "No event of the type batch.completed is recorded yet");
    await plain.goto(server.url + endpoint);
    await plain.locator("a[href$=delete]").click();
    await plain.locator("main button.danger").click();
    at(plain, "/console/w/default/webhooks");
    await says(plain, "there is no endpoint yet");
    receiver.close();
  },
});
