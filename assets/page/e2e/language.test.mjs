// The page in the browser's language: whole flows in German, of which nothing stays English, at every width; and English
// where the browser wants it, or a language that there is not.

import assert from "node:assert/strict";

import { runnerImport } from "vite";

import { sound } from "./sound.mjs";
import { PHONE, stage } from "./stage.mjs";

const [english, german] = await Promise.all(
  ["en", "de"].map(async (tag) => {
    const file = new URL(`../src/messages/${tag}.ts`, import.meta.url).pathname;
    const { module } = await runnerImport(file, { configFile: false, logLevel: "error" });
    return texts(module.default);
  }),
);

/** Each text of a catalogue, with NaN where a value is, apart from the server's. */
function texts(catalogue) {
  return Object.entries(catalogue).flatMap(([key, value]) => {
    if (typeof value === "function") return value(...Array(value.length).fill(NaN));
    return typeof value === "string" ? value : key === "problems" ? [] : texts(value);
  });
}

/** What is recognised as English: the texts that are others in German, whole, whatever their values are. */
const foreign = english
  .filter((text) => !german.includes(text))
  .map((text) => text.split("NaN").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
  .map((parts) => new RegExp(`^${parts.join(".+")}(?: \\(.+\\))?$`, "s"));

/** All that the page shows or names to a screen reader. */
function shown(tab) {
  return tab.page.evaluate(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) {
        if (!node.parentElement.closest("noscript, script, style")) found.push(node.data.trim());
      } else {
        for (const name of ["aria-label", "title", "placeholder"]) found.push(node.getAttribute(name)?.trim());
        if (node.matches("p, button, span, summary")) found.push(node.textContent.trim().replace(/\s+/g, " "));
      }
    }
    return found.filter(Boolean);
  });
}

/** Where pictures of each state are kept, if they are wanted. */
const shots = process.env.ASKD_SHOTS;

async function check(tab, state) {
  const { width } = tab.page.viewportSize();
  if (shots) await tab.page.screenshot({ path: `${shots}/de-${state.replaceAll(" ", "-")}-${width}.png` });
  const said = await shown(tab);
  assert.ok(said.length > 10, state);
  assert.deepEqual(
    said.filter((words) => foreign.some((text) => text.test(words))),
    [],
    `${state}: English`,
  );
  await sound(tab, state);
}

const ANSWER = `Der Seehund wird **um sieben** gefüttert [1], der Otter danach [2].

> [!WARNING]
> Bitte nicht selbst füttern.

\`\`\`js
let uhr = 7;
\`\`\`

| Tier | Uhr |
|---|---|
| Seehund | 7 |

## Eins

Es steht[^1] so.

[^1]: Im Plan.

## Zwei

## Drei

## Vier

$$
x = 7
$$
`;

const documents = {
  "seehund.md": "# Der Seehund\n\n## Fütterung\n\nDer Seehund wird um sieben Uhr gefüttert.\n",
  "otter.md": "# Der Otter\n\n## Fütterung\n\nDer Otter wird um acht Uhr gefüttert.\n",
};

const screens = [
  { viewport: { width: 1280, height: 860 } },
  { ...PHONE, viewport: { width: 390, height: 860 } },
  { ...PHONE, viewport: { width: 320, height: 640 } },
];

for (const screen of screens) {
  const { width } = screen.viewport;
  const flow = stage({ documents, models: ["fake-1", "fake-2"], screen: { locale: "de-DE", ...screen } });

  flow(`a_german_browser_gets_a_german_page_at_${width}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page } = tab;
    const press = (name) =>
      page
        .getByRole("button", { name, exact: typeof name === "string" })
        .last()
        .click();
    tab.composer = page.locator("#app").getByRole("textbox", { name: "Ihre Frage" });
    await tab.composer.waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    assert.equal(await tab.composer.getAttribute("placeholder"), "Stellen Sie eine Frage");
    await askd.indexed("otter.md");
    await check(tab, "welcome");

    await tab.ask("Wann wird der Seehund gefüttert?");
    const call = await fake.call();
    await tab.says("Wartet auf das erste Wort");
    call.think("Der Plan nennt es.");
    await tab.says("Denkt nach");
    call.say(ANSWER);
    await tab.says("Antwortet");
    await check(tab, "answering");
    call.finish();
    await press("Antwort kopieren");
    await press("Inhalt");
    await press("Details");
    await tab.answer
      .getByText(/^Begann nach \d+,\d+ s nachzudenken · Erstes Wort nach \d+,\d+ s · Insgesamt \d+,\d+ s$/)
      .waitFor();
    await tab.answer.getByText("Gedanken des Modells").click();
    await tab.answer.getByText("Warnung", { exact: true }).waitFor();
    await tab.answer.locator(".formula-block math").waitFor();
    await check(tab, "answered");
    await press("Inhalt");

    await tab.answer.getByRole("link", { name: /^Quelle 1 in ihrem Dokument lesen: / }).click();
    await page.getByRole("dialog", { name: /^Dokument: / }).waitFor();
    await page.getByText("Die zitierte Stelle:").waitFor();
    await check(tab, "document");
    await press("Schließen");

    await tab.ask("Und das Walross?");
    (await fake.call()).refuse(404, "no such model");
    await tab.says(/^Der Endpunkt hat die Anfrage abgelehnt\. \(Meldung des Servers: „.*no such model.*“\)$/s);
    await tab.toTheEnd();
    await check(tab, "refused by the endpoint");
    await press("Erneut versuchen");
    const cut = await fake.call();
    cut.say("Das Walross ");
    await tab.says("Antwortet");
    await press("Anhalten");
    await tab.says("Von Ihnen angehalten.");
    await page.getByRole("img", { name: "Fassung 2 von 2" }).waitFor();
    await check(tab, "stopped");
    await press("Fortsetzen");
    const rest = await fake.call();
    assert.match(rest.question, /\bContinue\.$/);
    rest.say("frisst zuletzt.");
    rest.finish();
    await page.getByRole("heading", { name: "Fortsetzung" }).waitFor();
    await check(tab, "continued");
    await press("Diese Frage bearbeiten");
    await check(tab, "an edited question");
    await press("Abbrechen");

    const show = page.getByRole("button", { name: "Unterhaltungen einblenden" });
    const sidebar = page.getByRole("navigation", { name: "Unterhaltungen" });
    if (!(await sidebar.isVisible())) await show.click();
    await sidebar.getByRole("heading", { name: "Heute" }).waitFor();
    await check(tab, "sidebar");
    await sidebar.getByRole("searchbox").fill("Walross");
    await sidebar.getByText(/^\d+ Stellen? gefunden\.$/).waitFor();
    await check(tab, "search");
    await sidebar.getByRole("searchbox").fill("");
    const actions = sidebar.getByRole("button", { name: /^Aktionen für „Wann wird/ });
    await actions.click();
    await sidebar.getByRole("button", { name: "Umbenennen" }).waitFor();
    await check(tab, "menu");
    await sidebar.getByRole("button", { name: "Löschen" }).click();
    await page.getByText("„Wann wird der Seehund gefüttert?“ wurde gelöscht.").waitFor();
    await check(tab, "notice");
    if (!(await sidebar.isVisible())) await show.click();
    await sidebar.getByRole("button", { name: "Aktionen für alle Unterhaltungen" }).click();
    await page.getByRole("button", { name: "Tastenkürzel" }).waitFor();
    await check(tab, "menu for all");
    await press("Tastenkürzel");
    await page.getByRole("dialog", { name: "Tastatur" }).waitFor();
    await check(tab, "shortcuts");
    await press("Schließen");

    await page.goto(`${askd.url}/c/01900000-0000-7000-8000-000000000000`);
    await page.getByRole("heading", { name: "Diese Unterhaltung gibt es nicht" }).waitFor();
    await check(tab, "unknown");
    await askd.stop();
    await page.getByText(/^Der Server (?:startet neu|ist nicht erreichbar)\. Neuer Versuch/).waitFor();
    await check(tab, "away");
    await reader.leave({ away: true });
  });
}

for (const [locale, why] of [
  ["en-GB", "an_english_browser"],
  ["fr-FR", "a_browser_whose_language_there_is_not"],
]) {
  stage({ screen: { locale } })(`${why}_gets_an_english_page`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.hears(fake, "What is askd?", "A page.");
    assert.equal(await tab.page.locator("html").getAttribute("lang"), "en");
    await (await tab.sidebar()).getByRole("heading", { name: "Today" }).waitFor();
    // What is looked for in German is found in English: the check can fail.
    const said = await shown(tab);
    assert.ok(["Ask a question", "New conversation", "Regenerate"].every((text) => said.includes(text)));
    assert.ok(said.filter((words) => foreign.some((text) => text.test(words))).length > 10);
    await reader.leave();
  });
}
