// Every page, for every eye and hand: axe in both themes, narrow windows, large text, no motion.
import fs from "node:fs";
import { createRequire } from "node:module";
import { makeBatch, makeCodes } from "../lib/data.mjs";
import { assert, newPage, run, says, server, setUp } from "../lib/flow.mjs";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let page; // of somebody who has signed in
let pages = []; // addresses

// check runs axe in a page, past its policy of content: it comes with the debugger and not with the page.
const found = [];
const check = async (where, theme) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const v of violations) {
    found.push(`${where} (${theme}): ${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join("\n  ")}`);
  }
};

const scrollsSideways = async (where) => {
  const [needs, has] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  return needs > has && `${where}: ${needs} px in ${has}`;
};

await run({
  "there is one of everything": async (browser) => {
    page = await newPage(browser, { reducedMotion: "reduce" }); // or colours are judged on their way to others
    await setUp(page);
    await makeCodes();
    const batch = await makeBatch(200, "Loyalty cards");
    const work = "/console/w/default";
    pages = [
      "/console/account", "/console/help", "/console/workspaces", `${work}/nothing`, work, `${work}/why`,
      `${work}/why?typed=acme7kqwm2xn&user=user-4711`, `${work}/why?typed=ACME-7KQW-M2XM`,
      `${work}/why?typed=ACME-REVO-KEDX`,
      `${work}/batches`, `${work}/batches/${batch}`, `${work}/users`, `${work}/users?q=none`, `${work}/users/user-4711`,
      `${work}/codes`, `${work}/codes/ACME-7KQW-M2XN`, `${work}/codes/ACME-REVO-KEDX`, `${work}/codes?status=revoked`,
      "/console/installation", `${work}/new`, `${work}/new/many`, `${work}/imports`,
      `${work}/imports/new`, `${work}/batches/${batch}/print`, `${work}/activity`, `${work}/settings`, `${work}/invite`,
      `${work}/register`, `${work}/users/user-4711/erase`, `${work}/keys`, `${work}/keys/new`,
    ];
    console.log(`${pages.length} pages`);
  },

  "axe finds nothing, in either theme": async () => {
    for (const address of pages) {
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(server.url + address);
      await check(address, "light");
      await page.emulateMedia({ colorScheme: "dark" });
      await check(address, "dark");
    }
    assert.deepEqual(found, []);
  },

  "nothing scrolls sideways in 320 px, nor with text twice as large": async () => {
    const wide = [];
    for (const address of pages) {
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(server.url + address);
      wide.push(await scrollsSideways(`${address} at 320 px`));
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
      wide.push(await scrollsSideways(`${address} with text of 200 %`));
    }
    assert.deepEqual(wide.filter(Boolean), []);
    await page.setViewportSize({ width: 1440, height: 900 });
  },

  "nothing moves where the system asks for no motion": async () => {
    await page.emulateMedia({ colorScheme: "light" });
    for (const address of pages) {
      await page.goto(server.url + address);
      const moving = await page.evaluate(() => document.getAnimations().length
        + [...document.querySelectorAll("*")].filter((element) => {
          const { transitionDuration, animationName, animationDuration } = getComputedStyle(element);
          const lasts = (times) => times.split(",").some((time) => parseFloat(time) > 0.001);
          return lasts(transitionDuration) || (animationName !== "none" && lasts(animationDuration));
        }).length);
      assert.equal(moving, 0, address);
    }
  },

  "the pages of nobody are as good": async (browser) => {
    page = await newPage(browser, { reducedMotion: "reduce" });
    await page.goto(`${server.url}/console/sign-in`);
    await check("sign-in", "light");
    await page.emulateMedia({ colorScheme: "dark" });
    await check("sign-in", "dark");
    await page.setViewportSize({ width: 320, height: 640 });
    assert.ok(!await scrollsSideways("sign-in"));
    assert.deepEqual(found, []);
    await says(page, "Sign in");
  },
});
