// "My code does not work": what the page says for each reason, and what helps.
import { inDays, makeCodes } from "../lib/data.mjs";
import { api, assert, newPage, open, press, run, says, setUp } from "../lib/flow.mjs";

let page;

// ask types a code and a user's id into the page, on the answer before where there is one, and sends them.
const ask = async (typed, user = "") => {
  const { pathname, searchParams } = new URL(page.url());
  if (!pathname.endsWith("/why") || searchParams.get("at")) await open(page, "/why");
  await page.fill("#field-typed", typed);
  await page.fill("#field-user", user);
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
};

// What is typed, by whom, and what the page answers: the reason that redeeming gives, the verdict, a part of
// the sentence to read out, and the remedies that are offered. A remedy in brackets is possible, not needed.
const reasons = [
  ["acme 7kqw–m2xn", "user-9", "200", "It works", "Your code works.", ["(replace)"]],
  ["ACME-7KQW-M2XN", "user-4711", "200", "They have used it already", "There is nothing more to do.", []],
  ["ACME-USED-UPXX", "user-9", "code_exhausted", "It is used up", "as often as it can be", ["replace", "raise"]],
  ["ACME-REVO-KEDX", "user-9", "code_revoked", "It was revoked", "no longer valid", ["replace", "restore"]],
  ["ACME-ENDE-DXXX", "user-9", "code_expired", "It ended 2 days ago", "but it ended on", ["replace", "extend"]],
  ["ACME-LATE-RXXX", "user-9", "code_not_started", "It starts in 7 days", "It works from", ["replace"]],
  ["ACME-NRML-4711", "user-4711", "user_already_registered", "They are registered already", "You are registered", []],
  ["ACME-UPGR-ADEX", "user-9", "user_not_registered", "They are not registered", "Please sign up first", []],
  ["ACME-UPGR-ADEX", "user-4711", "user_already_premium", "They are Premium already", "You have Premium", []],
  ["no such code", "user-9", "code_not_found", "There is no such code", "letter by letter", []],
  ["ACME-GONE-XXXX", "", "code_not_found", "It was deleted", "no longer in our books", []],
  ["ACME-7KQW-M2XM", "", "code_not_found", "There is no such code", "after the second dash again? It may be the letter N", []],
  ["ACME-7KQW-M2X", "", "code_not_found", "There is no such code", "is missing at the end", []],
  ["ACME-7KQW-M2XNN", "", "code_not_found", "There is no such code", "one too many", []],
  ["ACME-7KWQ-M2XN", "", "code_not_found", "There is no such code", "changed places", []],
  ["ACME-REVO-KEDY", "", "code_not_found", "There is no such code", "It may be the letter X", ["restore"]],
];

// offered are the remedies with a button; those that nobody needs are in brackets.
const offered = () => page.locator(".remedies form").evaluateAll((forms) => forms.map((form) => {
  const name = form.action.split("/").at(-1);
  return form.querySelector("[data-key]") ? name : `(${name})`;
}));

await run({
  "each reason is said, with a sentence to read out and what helps": async (browser) => {
    page = await newPage(browser);
    await setUp(page);
    await makeCodes();
    for (const [typed, user, reason, verdict, sentence, remedies] of reasons) {
      await ask(typed, user);
      const told = {
        answer: await page.locator("[aria-labelledby=answer] code").innerText(),
        verdict: await page.locator("#verdict").innerText(),
        sentence: await page.locator("#sentence").innerText(),
      };
      const where = `${typed} of ${user}: ${JSON.stringify(told)}`;
      assert.ok(told.answer.includes(reason) && told.verdict.includes(verdict), where);
      assert.ok(told.sentence.includes(sentence), where);
      assert.deepEqual(await offered(), remedies, where);
      assert.equal(await page.locator(".remedies > li").count(), 4, "what is not needed is said, too");
    }
  },

  "the characters that differ are marked": async () => {
    await ask("ACME-7KQW-M2XM");
    assert.deepEqual(await page.locator(".compare .off").evaluateAll((all) => all.map((one) => one.innerText)), ["M\nM\nN"]);
  },

  "what was true at an earlier time is answered": async () => {
    await ask("ACME-7KQW-M2XN", "user-9");
    await page.locator("details.more summary").click();
    await page.fill("#field-at", "2020-01-01T12:00");
    await press(page, ".ask button.primary");
    await says(page, "There was no such code yet");
    await page.fill("#field-at", "2032-02-01T12:00");
    await press(page, ".ask button.primary");
    assert.match(await page.locator("[aria-labelledby=answer] code").innerText(), /code_expired/);
  },

  "each remedy helps": async () => {
    const remedy = async (typed, name, said, fields = {}) => {
      await ask(typed, "user-9");
      const form = `.remedies form[action$=${name}]`;
      for (const [field, value] of Object.entries(fields)) await page.fill(`${form} [name=${field}]`, value);
      await press(page, `${form} button`);
      await says(page, said);
      return api("GET", `/tenant-codes/${typed}`);
    };
    assert.equal((await remedy("ACME-REVO-KEDX", "restore", "is restored")).status, "active");
    assert.equal((await remedy("ACME-USED-UPXX", "raise", "can be used 3 times now", { limit: "3" })).maxRedemptions, 3);
    const until = inDays(30).slice(0, 16);
    const extended = await remedy("ACME-ENDE-DXXX", "extend", "ends", { until });
    assert.equal(extended.status, "active");
    const old = await remedy("ACME-LATE-RXXX", "replace", "is new, and works");
    assert.equal(old.status, "revoked");
    const made = await page.inputValue("#field-typed");
    assert.equal(old.metadata["accesscodes.replacedBy"], made);
    assert.equal((await api("POST", "/tenant-codes/redeem", { code: made, userId: "user-9" })).code, made);
    await ask("ACME-LATE-RXXX");
    await says(page, `${made} has replaced it`);
  },

  "a remedy that is refused says why, and what was asked stays": async () => {
    await api("PATCH", "/tenant-codes/ACME-USED-UPXX", { maxRedemptions: 1 });
    await ask("ACME-USED-UPXX", "user-9");
    await page.fill(".remedies [name=limit]", "9".repeat(30));
    await press(page, ".remedies form[action$=raise] button");
    await page.locator("[role=alert], .complaint").first().waitFor();
    assert.equal(await page.inputValue("#field-typed"), "ACME-USED-UPXX");
    assert.equal(await page.inputValue("#field-user"), "user-9");
  },

  "a search from any page leads here": async () => {
    await open(page, "/users");
    await page.locator("h1").click();
    await page.keyboard.press("/");
    await page.keyboard.type("acme7kqwm2xn");
    await Promise.all([page.waitForURL("**/why?**"), page.keyboard.press("Enter")]);
    await page.locator(".verdict").waitFor();
    await page.keyboard.press("i");
    await page.waitForFunction(() => document.activeElement.id === "field-user");
  },
});
