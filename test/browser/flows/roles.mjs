// What people of each role are shown and may do.
import { makeBatch, makeCodes, makeImport } from "../lib/data.mjs";
import {
  api, assert, at, command, invite, join, newPage, open, password, press, run, says, server, setUp,
} from "../lib/flow.mjs";

const roles = ["viewer", "support", "editor", "owner"]; // each may do what those before it may
const people = {};
let reader; // an empty tab

// What only some see, by page: addresses and forms, each with the role from which on it is there. Whatever
// else is on a page is on everybody's.
const onEvery = { "/new": "editor", "/settings": "editor", "/webhooks": "editor", "/keys": "owner" };
const shares = () => ({
  "": {},
  "/codes": { "/imports/new": "editor", "/exports": "editor", "POST /changes/preview": "editor" },
  "/codes/ACME-7KQW-M2XN": { "/codes/ACME-7KQW-M2XN/edit": "editor", "/codes/ACME-7KQW-M2XN/revoke": "editor" },
  "/codes/ACME-REVO-KEDX": {
    "/codes/ACME-REVO-KEDX/edit": "editor", "/codes/ACME-REVO-KEDX/delete": "editor",
    "POST /codes/ACME-REVO-KEDX/restore": "editor",
  },
  "/why?typed=ACME-REVO-KEDX": { "POST /why/replace": "editor", "POST /why/restore": "support" },
  "/why?typed=ACME-USED-UPXX": { "POST /why/replace": "support", "POST /why/raise": "support" },
  "/why?typed=ACME-ENDE-DXXX": { "POST /why/replace": "support", "POST /why/extend": "support" },
  "/batches": { "/imports/new": "editor" },
  [`/batches/${batch}`]: {
    "/batches/{id}/codes.csv": "editor", "/batches/{id}/codes.ndjson": "editor", "/batches/{id}/codes.xlsx": "editor",
    "/batches/{id}/print": "editor", "POST /changes/preview": "editor",
  },
  "/imports": { "/imports/new": "editor" },
  [`/imports/${upload}`]: { "/imports/{id}/rejected.csv": "editor" },
  "/users": { "/register": "editor" },
  "/users/user-4711": {
    "POST /users/user-4711/status": "editor", "/users/user-4711/roll-back/{id}": "editor",
    "/users/user-4711/erase": "owner",
  },
  "/activity": { "/exports/events": "editor", "POST /why/undo": "editor" },
  "/settings": {
    "/invite": "owner", "POST /settings": "owner", "/members/{id}": "owner", "POST /invitations/{id}/withdraw": "owner",
  },
});
// Pages of which some see nothing, with the role from which on they open.
const closed = {
  "/new": "editor", "/new/many": "editor", "/imports/new": "editor", "/exports": "editor", "/register": "editor",
  "/settings": "editor", "/webhooks": "editor", "/codes/ACME-7KQW-M2XN/edit": "editor", "/codes/ACME-7KQW-M2XN/revoke": "editor",
  "/keys": "owner", "/keys/new": "owner", "/invite": "owner", "/users/user-4711/erase": "owner", "/welcome": "owner",
};
let batch, upload; // ids

const may = (role, least) => roles.indexOf(role) >= roles.indexOf(least);

// offers lists where a page leads to and which forms it can send. The page is read as the server sends it, by an empty
// tab: to show each page to each role would take a minute.
const offers = async (person, address) => {
  const answer = await person.request.get(server.url + address);
  assert.equal(answer.status(), 200, address);
  return reader.evaluate(([html, base]) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const id = /[0-9a-f]{8}-[0-9a-f-]{27}/g;
    const name = (to) => new URL(to, base).pathname.replace("/console/w/default", "").replace(id, "{id}");
    const links = [...page.querySelectorAll("a[href]")].map((a) => name(a.getAttribute("href")));
    const forms = [...page.querySelectorAll("form[method=post]")]
      .filter((form) => form.querySelector("button:not(:disabled)"))
      .map((form) => `POST ${name(form.getAttribute("action") || base)}`);
    return [...new Set([...links, ...forms])].sort();
  }, [await answer.text(), answer.url()]);
};

await run({
  "every role sees exactly its share of each page": async (browser) => {
    reader = await (await browser.newContext()).newPage();
    await setUp(await newPage(browser));
    await makeCodes();
    batch = await makeBatch(20, "Loyalty cards");
    upload = await makeImport("code,type\nFAIR-0001,Premium\nFAIR-0002,Nonsense\n");
    await invite("jonas@acme.example", "viewer");
    for (const role of roles) people[role] = await join(browser, role[0].toUpperCase() + role.slice(1), role);
    for (const [address, share] of Object.entries(shares())) {
      const rights = { ...onEvery, ...share };
      let common; // what everybody sees who sees the page at all
      for (const role of roles.filter((one) => may(one, closed[address] || "viewer"))) {
        const all = await offers(people[role], `/console/w/default${address}`);
        common ||= all.filter((one) => !rights[one]);
        const expected = [...common, ...Object.keys(rights).filter((one) => may(role, rights[one]))].sort();
        assert.deepEqual(all, expected, `${role}: ${address}`);
      }
    }
  },

  "pages open for exactly whom they are for, and say who may": async () => {
    for (const [address, least] of Object.entries(closed)) {
      for (const role of roles) {
        const answer = await people[role].request.get(`${server.url}/console/w/default${address}`);
        assert.equal(answer.status(), may(role, least) ? 200 : 403, `${role}: ${address}`);
        if (!may(role, least)) assert.match(await answer.text(), /Mara Lindt/, "who can do it, or give the role");
      }
    }
  },

  "who runs the installation sees it, and no code": async (browser) => {
    const page = await newPage(browser);
    const said = await command("member", "invite", "olga@acme.example", "--operator");
    await page.goto(server.url + said.match(/\/console\/link\/\S+/)[0]);
    await page.fill("#field-name", "Olga");
    await page.fill("#field-password", password);
    await press(page, "button.primary");
    at(page, "/console/workspaces");
    const onlyOperators = [
      "/console/workspaces/new", "/console/installation", "/console/workspaces/default/suspend",
    ];
    const seen = await offers(page, "/console/workspaces");
    for (const address of onlyOperators) {
      assert.ok(seen.includes(address), `${address} of ${seen}`);
      assert.equal((await page.goto(server.url + address)).status(), 200, address);
      assert.equal((await people.owner.goto(server.url + address)).status(), 403, address);
    }
    const others = await offers(people.owner, "/console/workspaces");
    assert.deepEqual(others.filter((one) => onlyOperators.includes(one)), []);
    for (const address of ["", "/codes", "/codes/ACME-7KQW-M2XN", "/why?typed=ACME-7KQW-M2XN", "/keys"]) {
      await open(page, address, 404);
      assert.ok(!(await page.content()).includes("ACME-7KQW-M2XN</"), address);
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
