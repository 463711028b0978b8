// The pictures of README.md: `make pictures`. The real page, with documents and an answer made for it.

import { startAskd } from "./askd.mjs";
import { Reader, startBrowser } from "./browser.mjs";
import { startFake } from "./fake.mjs";

const OUT = process.env.ASKD_PICTURES;

const DOCUMENTS = {
  "handbook/boats.md": `# Boats

## Before the season

Look at the hull, the rigging and the safety gear. A life jacket is due for service two years after it was made, and every
year after that.

## Reserving

Members reserve a boat for up to three days. From four days on the harbour master decides, by mail to the office.
`,
  "handbook/guests.md": `# Guests

## On board

Guests sail with a member who has the key. They are insured as long as the member has written them into the log.
`,
};

const ANSWER = `You can reserve a boat yourself for **up to three days**; longer trips are decided by the harbour master [2]. Guests may
come along if you write them into the log, which insures them [1].

| Trip | Who decides |
|---|---|
| up to three days | you |
| four days and more | the harbour master |
`;

async function picture(browser, name, screen) {
  const fake = await startFake();
  const askd = await startAskd({
    endpoint: fake.url,
    models: ["llama-3.2-3b"],
    title: "Ask the sailing club",
    documents: DOCUMENTS,
  });
  const reader = await Reader.arrive(browser, screen);
  try {
    const tab = await reader.open(askd.url);
    await tab.kept();
    await tab.hears(fake, "For how long can I reserve a boat, and may guests come along?", ANSWER);
    await tab.page.evaluate(() => document.activeElement?.blur());
    await tab.page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
    await tab.settled();
    await tab.page.screenshot({ path: `${OUT}/${name}.png`, animations: "disabled" });
  } finally {
    await reader.context.close();
    fake.close();
    await askd.close();
  }
}

const browser = await startBrowser();
try {
  await picture(browser, "answer", { viewport: { width: 1280, height: 900 } });
  await picture(browser, "telephone", {
    hasTouch: true,
    isMobile: true,
    viewport: { width: 390, height: 800 },
    colorScheme: "dark",
  });
} finally {
  await browser.close();
}
