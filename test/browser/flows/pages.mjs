// Every page and every dialog, for every eye and hand: see look.
import { makeBatch, makeChange, makeCodes, makeImport } from "../lib/data.mjs";
import {
  api, assert, command, invite, join, newPage, newTab, open, press, routes, run, server, setUp,
} from "../lib/flow.mjs";
import { bring, look, sideways } from "../lib/look.mjs";
import { newReceiver } from "../lib/receiver.mjs";

const motionless = { reducedMotion: "reduce" }; // or colours are judged on their way to others
const people = {}; // a window of each
const work = "/console/w/default";
const visited = new Set(); // paths that were looked at, as pages of their own or in a dialog
let batch, change, upload, dryRun, key, member, redemption, endpoint, failing, off, delivery; // ids
let invitation, used, reset; // addresses of links

// opened opens a page and presses what shows another in its dialog.
const opened = (address, what) => async (page) => {
  await open(page, address);
  await page.locator(what).first().click();
  await page.locator("#dialog[open] h1").waitFor();
};

// bulk picks two codes and asks for what would become of them.
const bulk = (act) => async (page) => {
  await open(page, "/codes");
  for (const box of (await page.locator("input[data-pick]").all()).slice(0, 2)) await box.check();
  await page.locator(`[data-bulk] button[value=${act}]`).click();
  await page.locator("#dialog[open] h1").waitFor();
};

// sent fills in a form and sends it: its answer is a page that no address leads to.
const sent = (address, fields = {}) => async (page) => {
  await page.goto(server.url + address);
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
  await press(page, "main form[method=post] button.primary");
};

// addresses are the pages that have one, by who opens them.
const addresses = () => ({
  nobody: ["/console/sign-in", invitation, reset, used, "/console/sign-in?next=/console/account"],
  viewer: [`${work}/keys`, `${work}/codes/ACME-7KQW-M2XN`, `${work}/why?typed=ACME-REVO-KEDX`, "/console/installation"],
  owner: [
    "/console/account", "/console/help", "/console/workspaces", "/console/workspaces/new", "/console/nothing",
    "/console/workspaces/default/suspend", "/console/installation", "/console/installation/invite",
    work, `${work}/nothing`, `${work}/welcome`,
    `${work}/search?q=ACME`, `${work}/search?q=nothing+at+all`,
    `${work}/why`, `${work}/why?typed=acme7kqwm2xn&user=user-4711`, `${work}/why?typed=ACME-7KQW-M2XM`,
    `${work}/why?typed=ACME-REVO-KEDX`, `${work}/why?typed=ACME-ENDE-DXXX`, `${work}/why?typed=ACME-USED-UPXX&user=u`,
    `${work}/why?typed=ACME-7KQW-M2XN&at=2020-01-01T00:00`, `${work}/why?typed=ACME-7KQW-M2XN&at=nonsense`,
    `${work}/codes`, `${work}/codes?status=revoked`, `${work}/codes?q=none+such`,
    `${work}/codes/ACME-7KQW-M2XN`, `${work}/codes/ACME-REVO-KEDX`, `${work}/codes/ACME-GONE-XXXX`,
    `${work}/codes/${"LONG".repeat(32)}`, `${work}/codes/ACME-7KQW-M2XN/edit`, `${work}/codes/ACME-7KQW-M2XN/revoke`,
    `${work}/codes/ACME-7KQW-M2XN/delete`, `${work}/codes/ACME-LATE-RXXX/delete`,
    `${work}/new`, `${work}/new/many`,
    `${work}/changes/${change}`,
    `${work}/batches`, `${work}/batches/${batch}`, `${work}/batches/${batch}/print`,
    `${work}/imports`, `${work}/imports/new`, `${work}/imports/${upload}`, `${work}/imports/${dryRun}`,
    `${work}/exports`, `${work}/exports?batch=${batch}`,
    `${work}/users`, `${work}/users?q=none`, `${work}/users/user-4711`, `${work}/users/nobody`, `${work}/register`,
    `${work}/users/user-4711/roll-back/${redemption}`, `${work}/users/user-4711/erase`,
    `${work}/keys`, `${work}/keys/new`, `${work}/keys/${key}/rotate`, `${work}/keys/${key}/revoke`,
    `${work}/activity`, `${work}/activity?what=codes`, `${work}/activity?q=none`,
    `${work}/activity?about=endpoint:${endpoint}`,
    `${work}/webhooks`, `${work}/webhooks/new`, `${work}/webhooks/${endpoint}`, `${work}/webhooks/${failing}`,
    `${work}/webhooks/${off}`, `${work}/webhooks/${endpoint}/edit`,
    `${work}/webhooks/${endpoint}/sample`, `${work}/webhooks/${endpoint}/rotate`, `${work}/webhooks/${endpoint}/off`,
    `${work}/webhooks/${endpoint}/delete`, `${work}/webhooks/${endpoint}/resend`, `${work}/webhooks/${off}/resend`,
    `${work}/deliveries/${delivery}`,
    `${work}/settings`, `${work}/invite`, `${work}/members/${member}`, `${work}/members/${member}/remove`,
  ],
});

// states are what pages become when something is done in them, by who does it.
const states = () => ({
  nobody: {
    "a wrong password": sent("/console/sign-in", { email: "mara@acme.example", password: "not the password" }),
    "a password that is too short": sent(invitation, { name: "Jonas", password: "short" }),
  },
  owner: {
    "revoking": opened("/codes/ACME-7KQW-M2XN", "[data-key=r]"),
    "deleting": opened("/codes/ACME-LATE-RXXX", "a[href$=delete]"),
    "revoking many": bulk("revoke"),
    "restoring many": bulk("restore"),
    "extending many": bulk("extend"),
    "deleting many": bulk("delete"),
    "revoking a batch": opened(`/batches/${batch}`, "form[action$=preview] button.danger"),
    "rolling back": opened("/users/user-4711", "a[href*=roll-back]"),
    "erasing": opened("/users/user-4711", "a[href$=erase]"),
    "revoking a key": opened("/keys", "a[href$=revoke]"),
    "switching an endpoint off": opened(`/webhooks/${endpoint}`, "a[href$='/off']"),
    "deleting an endpoint": opened(`/webhooks/${failing}`, "a[href$=delete]"),
    "choosing events one by one": async (page) => {
      await open(page, "/webhooks/new");
      await page.check("[name=which][value=some]");
      await page.locator("details summary").first().click();
    },
    "an endpoint that cannot be": async (page) => {
      await open(page, "/webhooks/new");
      await page.check("[name=which][value=some]");
      await page.fill("#field-url", "https://0x7f.1/");
      await press(page, "#main button.primary");
      await page.locator(".complaint").nth(1).waitFor();
    },
    "a new secret": sent(`${work}/webhooks/${off}/rotate`),
    "what would be sent again": async (page) => {
      await open(page, `/webhooks/${endpoint}/resend`);
      await page.fill("#field-since", "2026-01-01T00:00");
      await press(page, "#main button.primary");
      await page.locator("#effects").waitFor();
    },
    "removing a member": opened(`/members/${member}`, "a[href$=remove]"),
    "a code that is there already": async (page) => {
      await open(page, "/new");
      await page.check("[name=how][value=own]");
      await page.fill("#field-code", "ACME-7KQW-M2XN");
      await press(page, "#main button.primary");
      await page.locator(".complaint").first().waitFor();
    },
    "many codes": async (page) => {
      await open(page, "/new/many");
      await press(page, "[name=preset][value='10000']");
    },
    "a new key": sent(`${work}/keys/new`, { name: "Shop" }),
    "a new link": sent(`${work}/invite`, { email: "noor@acme.example" }),
    "the first code": sent(`${work}/welcome`),
    "what a moment ago was done": async (page) => {
      await open(page, "/codes/ACME-NRML-4711/revoke");
      await press(page, "#main button.danger");
      await page.locator(".toast").waitFor();
    },
    "the filters": async (page) => {
      await open(page, "/codes");
      await page.locator(".chip.add summary").click();
    },
  },
});

// each does something with each of many, a few at a time, in tabs of who they are for.
const each = async (many, prepare, act) => {
  const left = [...many];
  await Promise.all([1, 2, 3].map(async () => {
    const tabs = {};
    for (let next = left.shift(); next; next = left.shift()) {
      if (!tabs[next.who]) {
        tabs[next.who] = await newTab(people[next.who]);
        await prepare(tabs[next.who]);
      }
      await act(tabs[next.who], next).catch((error) => { throw new Error(`${next.who}: ${next.name}: ${error.stack}`); });
    }
    for (const tab of Object.values(tabs)) await tab.close();
  }));
};

// list puts together what there is for each of several people.
const list = (byWhom, make) => Object.entries(byWhom).flatMap(([who, all]) => make(all).map((one) => ({ who, ...one })));

// seen reports whether a page of a route was visited: one whose path fits it, and no other one better.
const seen = (route) => [...visited].some((path) => {
  const fits = (other) => new RegExp(`^${other.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(path);
  const places = (other) => other.split("{").length;
  return fits(route) && !routes.some((other) => fits(other) && places(other) < places(route));
});

const pages = () => list(addresses(), (all) => all.map((name) => ({
  name, go: (page) => page.goto(server.url + name),
})));

// makeEndpoints makes one that works, one that fails and one that is switched off.
const makeEndpoints = async () => {
  const receiver = await newReceiver();
  const make = async (path, description) => (await api("POST", "/webhook-endpoints", {
    url: receiver.url + path, description, types: ["batch.*"],
  })).endpoint.id;
  const test = async (id) => (await api("POST", `/webhook-endpoints/${id}/test`)).delivery.id;
  [endpoint, failing, off] = [await make("", "CRM"), await make(`/${"long".repeat(20)}`), await make("/off", "Shop")];
  await test(endpoint);
  await test(failing);
  receiver.status = 500;
  receiver.answer = "<b>unwell</b>".repeat(300);
  delivery = await test(failing);
  await api("PATCH", `/webhook-endpoints/${off}`, { enabled: false });
  receiver.close();
};

const found = []; // what is wrong
const nothing = (wrong) => assert.equal(wrong.join("\n"), "");
const judge = async (page, view) => {
  await view.go(page);
  visited.add(new URL(page.url()).pathname);
  found.push(...(await look(page)).map((wrong) => `${view.who}: ${view.name}: ${wrong}`));
};

await run({
  "there is one of everything, and somebody of each kind": async (browser) => {
    const owner = await newPage(browser, motionless);
    await setUp(owner);
    await makeCodes();
    batch = await makeBatch(200, "Loyalty cards");
    upload = await makeImport("code,type,recipient\nFAIR-0001,Premium,Ann\nFAIR-0002,Nonsense,Ben\n", "batch=Spring+fair");
    dryRun = await makeImport("code,type,recipient\nFAIR-0003,Premium,Cem\nFAIR-0001,Normal,Dan\n", "dryRun=true");
    change = await makeChange({ select: { batchId: await makeBatch(2, "Misprints") }, do: { revoke: true } });
    [{ id: redemption }] = (await api("GET", "/redemptions?userId=user-4711")).data;
    await makeEndpoints();
    const viewer = await join(browser, "Vera", "viewer", motionless);
    invitation = new URL(await invite("jonas@acme.example", "editor")).pathname;
    used = new URL(server.link).pathname;
    [reset] = (await command("member", "reset", "vera@acme.example")).match(/\/console\/link\/\S+/);
    const idIn = async (address, row) => {
      await open(owner, address);
      return (await owner.locator("tr", { hasText: row }).locator("a").first().getAttribute("href")).split("/")[5];
    };
    key = await idIn("/keys", "ack_");
    member = await idIn("/settings", "vera@acme.example");
    Object.assign(people, { owner, viewer, nobody: await newPage(browser, motionless) });
  },

  "every page that has an address": async () => {
    await each(pages(), bring, judge);
    nothing(found);
    const unseen = routes.filter((route) => route !== "/console" && !seen(route)); // it leads on
    assert.deepEqual(unseen, [], "pages that nobody has looked at");
  },

  "every dialog, and what pages become": async () => {
    await each(list(states(), Object.entries).map(({ who, 0: name, 1: go }) => ({ who, name, go })), bring, judge);
    nothing(found);
  },

  "German, whose words are longer, fits into 320 px": async (browser) => {
    const german = { locale: "de-DE", viewport: { width: 320, height: 640 } };
    for (const [who, page] of Object.entries(people)) {
      people[who] = await newPage(browser, { ...german, storageState: await page.context().storageState() });
    }
    await each(pages(), () => {}, async (page, { name, go }) => {
      await go(page);
      assert.equal(await page.locator("html").getAttribute("lang"), "de", name);
      found.push(...await sideways(page, name));
    });
    nothing(found);
  },
});
