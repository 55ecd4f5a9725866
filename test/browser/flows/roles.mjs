// What people of each role are shown and may do.
import {
  api, assert, at, command, invite, newPage, open, password, press, run, says, server, setUp,
} from "../lib/flow.mjs";

// join follows an invitation in a new window.
const join = async (browser, name, role) => {
  const page = await newPage(browser);
  await page.goto(await invite(`${name.toLowerCase()}@acme.example`, role));
  await page.fill("#field-name", name);
  await page.fill("#field-password", password);
  await press(page, "button.primary");
  at(page, "/console/w/default");
  return page;
};

// What is refused to whom, beside what all may open.
const pages = ["", "/why", "/batches", "/users"];
const shares = {
  owner: { opens: ["/keys", "/keys/new", "/register", "/users/user-1/erase"], refused: [] },
  editor: { opens: ["/register"], refused: ["/keys", "/keys/new", "/users/user-1/erase", "/welcome"] },
  support: { opens: [], refused: ["/register", "/keys", "/keys/new", "/users/user-1/erase", "/welcome"] },
  viewer: { opens: [], refused: ["/register", "/keys", "/keys/new", "/users/user-1/erase", "/welcome"] },
};
const people = {};

await run({
  "every role opens exactly its share": async (browser) => {
    await setUp(await newPage(browser));
    await api("POST", "/tenant-codes/add", { code: "ACME-REVO-KEDX", type: "Normal" });
    await api("POST", "/tenant-codes/ACME-REVO-KEDX/revoke");
    await api("POST", "/tenant-codes/add", { code: "ACME-OPEN-4711", type: "Normal" });
    await api("POST", "/tenant-codes/redeem", { code: "ACME-OPEN-4711", userId: "user-1" });
    for (const [role, { opens, refused }] of Object.entries(shares)) {
      const page = await join(browser, role[0].toUpperCase() + role.slice(1), role);
      people[role] = page;
      for (const address of [...pages, ...opens]) await open(page, address);
      for (const address of refused) await open(page, address, 403);
      await open(page);
      const menu = await page.locator(".nav a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
      assert.equal(menu.some((href) => href.endsWith("/keys")), role === "owner", `${role}: ${menu}`);
    }
  },

  "a viewer sees the remedies and may use none, also not by hand": async () => {
    const page = people.viewer;
    await open(page, "/why?typed=ACME-REVO-KEDX");
    assert.equal(await page.locator(".remedies form").count(), 0);
    await page.evaluate(() => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = "/console/w/default/why/restore";
      for (const [name, value] of [["code", "ACME-REVO-KEDX"], ["typed", "ACME-REVO-KEDX"]]) {
        const input = document.createElement("input");
        Object.assign(input, { name, value });
        form.append(input);
      }
      document.body.append(form);
      form.id = "forged";
    });
    const [answer] = await Promise.all([
      page.waitForResponse((r) => r.request().method() === "POST"),
      page.evaluate(() => document.querySelector("#forged").submit()),
    ]);
    assert.equal(answer.status(), 403);
    assert.equal((await api("GET", "/tenant-codes/ACME-REVO-KEDX")).status, "revoked");
  },

  "support restores it": async () => {
    const page = people.support;
    await open(page, "/why?typed=ACME-REVO-KEDX");
    await press(page, ".remedies form[action$=restore] button");
    await says(page, "is restored");
  },

  "whoever is removed is out at once": async () => {
    await command("member", "remove", "viewer@acme.example");
    await people.viewer.goto(`${server.url}/console/w/default`);
    at(people.viewer, "/console/sign-in");
  },
});
