// Looks at a page as people with other eyes, hands and windows do.
import fs from "node:fs";
import { createRequire } from "node:module";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// bring brings axe into each page that a tab will show, past the policy of content: it comes with the
// debugger and not with the page.
export const bring = (tab) => tab.addInitScript(axe);

// judge runs axe in a page, or in its dialog where one is open: the page behind it is looked at without, too.
const judge = async (page, theme, options) => {
  await page.emulateMedia({ colorScheme: theme });
  const { violations } = await page.evaluate((more) => {
    const where = document.querySelector("#dialog[open]") || document;
    return globalThis.axe.run(where, { resultTypes: ["violations"], preload: false, selectors: false, ...more });
  }, options);
  return violations.map((v) => {
    const nodes = v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join("\n  ");
    return `${theme}: ${v.id}: ${nodes}`;
  });
};

// sideways says whether a page has to be moved sideways to be read.
export const sideways = async (page, where) => {
  const [needs, has] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  return needs > has ? [`${where}: needs ${needs} px of ${has}`] : [];
};

// motion counts what moves. Durations of no more than a millisecond are how a stylesheet says none.
const motion = async (page) => {
  const moving = await page.evaluate(() => document.getAnimations().length
    + [...document.querySelectorAll("*")].filter((element) => {
      const { transitionDuration, animationName, animationDuration } = getComputedStyle(element);
      const lasts = (times) => times.split(",").some((time) => parseFloat(time) > 0.001);
      return lasts(transitionDuration) || (animationName !== "none" && lasts(animationDuration));
    }).length);
  return moving ? [`${moving} elements move where the system asks for no motion`] : [];
};

// look returns what is wrong with the page of a tab: for axe in both themes, in 320 px, with text twice as large, and
// for whom nothing may move. Themes differ in nothing but colours, so the dark one is judged by these.
export const look = async (page) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  const wrong = await judge(page, "light");
  wrong.push(...await judge(page, "dark", { runOnly: ["color-contrast", "link-in-text-block"] }));
  wrong.push(...await motion(page));
  await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
  wrong.push(...await sideways(page, "text of 200 %"));
  await page.evaluate(() => { document.documentElement.style.fontSize = ""; });
  await page.setViewportSize({ width: 320, height: 640 });
  wrong.push(...await sideways(page, "a window of 320 px"));
  return wrong;
};
