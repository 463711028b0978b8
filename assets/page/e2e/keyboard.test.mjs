// Everything that the page can do, by the keyboard alone: no pointer, and no focus but where the keys lead.

import assert from "node:assert/strict";

import { Keys } from "./keys.mjs";
import { stage } from "./stage.mjs";

const documents = {
  "tide.md": `# Tides\n\n## Spring tide\n\nAt spring tide the walrus swims.\n\n${"More. ".repeat(400)}\n`,
};

const ANSWER = `The walrus swims [1].

## One

\`\`\`js
let n = 1;
\`\`\`

${"Words that fill the view.\n\n".repeat(30)}

## Two

Words.

## Three

Words.

## Four

The end.
`;

const button = (place, name, exact = false) => place.getByRole("button", { name, exact });

for (const forcedColors of ["none", "active"]) {
  const options = { documents, models: ["small", "large"], screen: { forcedColors } };
  const name = `a_conversation_is_had_by_the_keyboard_alone_with_colours_${forcedColors === "none" ? "of_its_own" : "forced"}`;
  stage(options)(name, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page, composer } = tab;
    const keys = new Keys(tab);
    await askd.indexed("tide.md");

    // A suggestion, and its answer stopped and gone on with.
    await keys.stands(composer);
    await keys.back(button(page, "What is askd?"));
    await keys.press("Enter");
    const first = await fake.call();
    await keys.stands(composer);
    first.say("One two");
    await tab.reads("One two");
    await keys.press("Escape");
    await tab.says("Stopped by you.");
    await keys.back(button(tab.answer, "Continue"));
    await keys.press("Enter");
    const rest = await fake.call();
    await keys.stands(composer);
    rest.say(" three");
    rest.finish();
    await tab.finished();

    // Asked again, and from version to version.
    await keys.back(button(tab.answer, "Regenerate"));
    await keys.press("Enter");
    const again = await fake.call();
    await keys.stands(composer);
    again.say("Otherwise.");
    again.finish();
    await tab.finished();
    await keys.back(button(page, "Earlier version"));
    await keys.press("Enter");
    await keys.stands(button(page, "Later version"));
    await tab.reads("three");
    await keys.press("Enter");
    await keys.stands(button(page, "Earlier version"));
    await tab.reads("Otherwise.");

    // The first question in other words.
    const edit = button(page, "Edit this question").first();
    await keys.back(edit);
    await keys.press("Enter");
    const field = page.getByRole("textbox", { name: "Edit the question" });
    await keys.stands(field);
    await keys.press("Escape");
    await keys.stands(edit);
    await keys.press("Enter");
    await keys.stands(field);
    await keys.press("ControlOrMeta+a");
    await keys.type("Does the walrus swim at spring tide?");
    await keys.press("Enter");
    const edited = await fake.call();
    await keys.stands(composer);
    edited.think("Let me see.");
    edited.say(ANSWER);
    await tab.answer.getByRole("heading", { name: "Four" }).waitFor();

    // Another question in line behind it, and taken back.
    await keys.type("And then?");
    await keys.press("Enter");
    await page.getByRole("main").getByText("In line behind the answer above").waitFor();
    await keys.back(button(page, "Take back"));
    await keys.press("Enter");
    await page.getByRole("main").getByText("In line behind the answer above").waitFor({ state: "detached" });
    await keys.stands(composer);
    await keys.press("ControlOrMeta+a");
    await keys.press("Backspace");
    edited.finish();
    await tab.finished();

    // The end of an answer that is longer than the view.
    await keys.back(tab.jump);
    await keys.press("Enter");
    await tab.restsAtTheEnd();
    await keys.stands(composer);

    // The thinking, the code's tools, the source and its document.
    await keys.back(tab.answer.locator("summary"));
    await keys.press("Enter");
    await tab.answer.getByText("Let me see.").waitFor();
    await keys.use(button(tab.answer, /^Source 1: /));
    await keys.stands(tab.answer.locator("[data-source]").first());
    const read = tab.answer.getByRole("link", { name: /^Read source 1/ });
    await keys.to(read);
    await keys.press("Enter");
    const sheet = page.getByRole("dialog", { name: /^Document: / });
    await keys.stands(sheet.locator(".cited"));
    await keys.back(button(sheet, "Close"));
    await keys.press("Enter");
    await keys.stands(read);
    await keys.press("Enter");
    await keys.stands(sheet.locator(".cited"));
    await keys.press("Escape");
    await keys.stands(read);
    await keys.press("Enter");
    await keys.stands(sheet.locator(".cited"));
    await page.goBack();
    await keys.stands(read);
    await keys.back(button(tab.answer, "Wrap"));
    await keys.press("Enter");
    assert.equal(await button(tab.answer, "Wrap").getAttribute("aria-pressed"), "true");
    const saved = page.waitForEvent("download");
    await keys.use(button(tab.answer, "Download"));
    assert.equal((await saved).suggestedFilename(), "code.js");
    await keys.use(button(tab.answer, "Copy", true).first());
    await button(tab.answer, /^(Not c|C)opied$/)
      .first()
      .waitFor();
    // What scrolls can be come to.
    await keys.to(tab.answer.getByRole("group", { name: "Code: js" }));

    // The answer as a whole: copied, its facts and its contents.
    await keys.use(button(tab.answer, "Copy the answer"));
    await keys.use(button(tab.answer.locator(".foot"), "Contents"));
    await keys.use(button(tab.answer.getByRole("navigation", { name: "Contents of the answer" }), "One"));
    await keys.stands(tab.answer.getByRole("heading", { name: "One" }));
    await keys.use(button(tab.answer, "Details"));
    await tab.answer.getByText(/in all/).waitFor();

    // Another model answers the next question, and the arrow calls the last one back.
    await keys.to(page.getByRole("combobox", { name: "Model" }));
    await keys.press("ArrowDown");
    await keys.back(composer);
    await keys.press("ArrowUp");
    assert.equal(await composer.inputValue(), "Does the walrus swim at spring tide?");
    await keys.press("Enter");
    const other = await fake.call();
    assert.equal(other.body.model, "large");
    other.refuse(500, "nothing works");
    await keys.stands(composer);
    await button(tab.answer, "Retry").waitFor();
    await keys.back(button(tab.answer, "Retry"));
    await keys.press("Enter");
    const retried = await fake.call();
    retried.finish();
    await keys.stands(composer);
    await reader.leave({ away: true });
  });
}

const test = stage();

test("the_conversations_are_kept_in_order_by_the_keyboard_alone", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page, composer } = tab;
  const keys = new Keys(tab);
  const ask = async (question) => {
    await keys.stands(composer);
    await keys.type(question);
    await keys.press("Enter");
    const call = await fake.call();
    call.say(`About ${question}`);
    call.finish();
    await tab.finished();
  };
  await ask("walrus");
  const list = page.getByRole("navigation", { name: "Conversations" });
  await keys.back(button(list, "New conversation"));
  await keys.press("Enter");
  await ask("heron");
  await list.getByRole("link", { name: "heron" }).waitFor();

  // Away with the list, and back.
  await keys.back(button(page, "Hide conversations"));
  await keys.press("Enter");
  await keys.stands(button(page, "Show conversations"));
  await keys.press("Enter");
  await keys.stands(button(page, "Hide conversations"));

  // A search, to the place that it found.
  const search = list.getByRole("searchbox");
  await keys.to(search);
  await keys.type("nothing of the kind");
  await list.getByText("Nothing found.").waitFor();
  await keys.press("Escape");
  assert.equal(await search.inputValue(), "");
  await keys.type("walrus");
  await list.locator("mark").first().waitFor();
  await keys.to(list.getByRole("list", { name: "Found" }).getByRole("link").first());
  await keys.press("Enter");
  await tab.reads("About walrus");
  await keys.stands(composer);
  await keys.back(search);
  await keys.press("Escape");

  // Renamed, taken away as a file, deleted, and that taken back.
  const dots = button(list, /^Actions for “heron/);
  const link = list.getByRole("link", { name: /^heron/ });
  await keys.to(dots);
  await keys.press("Enter");
  await keys.stands(button(list, "Rename"));
  await keys.press("Escape");
  await keys.stands(dots);
  await keys.press("Enter");
  await keys.stands(button(list, "Rename"));
  await keys.press("Enter");
  await keys.stands(list.getByRole("textbox", { name: "Title" }));
  await keys.press("ControlOrMeta+a");
  await keys.type("heron and more");
  await keys.press("Enter");
  await keys.stands(link);
  await list.getByRole("link", { name: "heron and more" }).waitFor();
  await keys.to(dots);
  await keys.press("Enter");
  await keys.stands(button(list, "Rename"));
  await keys.press("ArrowDown");
  await keys.stands(list.getByRole("link", { name: "Export as Markdown" }));
  const saved = page.waitForEvent("download");
  await keys.press("Enter");
  await saved;
  await keys.stands(dots);
  for (const undone of ["by the button", "by its key"]) {
    await keys.to(dots);
    await keys.press("Enter");
    await keys.stands(button(list, "Rename"));
    await keys.press("ArrowUp");
    await keys.stands(button(list, "Delete"));
    await keys.press("Enter");
    await keys.stands(button(page, "Undo"));
    await keys.press(undone === "by its key" ? "ControlOrMeta+z" : "Enter");
    await keys.stands(link);
  }
  await keys.to(dots);
  await keys.press("Enter");
  await keys.stands(button(list, "Rename"));
  await keys.press("ArrowUp");
  await keys.press("Enter");
  await keys.stands(button(page, "Undo"));
  await keys.use(button(page, "Dismiss"));
  await keys.stands(composer);
  await reader.leave();
});

test("what_lies_over_the_page_gives_the_focus_back", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page, composer } = tab;
  const keys = new Keys(tab);
  await keys.stands(composer);
  await keys.type("walrus");
  await keys.press("Enter");
  const call = await fake.call();
  call.say("About it.");
  call.finish();
  await tab.finished();

  // The sheet of the shortcuts, from wherever a question mark is none.
  const again = button(tab.answer, "Regenerate");
  const sheet = page.getByRole("dialog", { name: "Keyboard" });
  await keys.back(again);
  await keys.press("?");
  await keys.stands(button(sheet, "Close"));
  await keys.press("Escape");
  await keys.stands(again);
  const all = button(page, "Actions for all conversations");
  await keys.to(all);
  await keys.press("Enter");
  await keys.stands(page.getByRole("link", { name: "Export as Markdown" }).last());
  await keys.press("ArrowUp");
  await keys.stands(button(page, "Keyboard shortcuts"));
  await keys.press("Enter");
  await keys.stands(button(sheet, "Close"));
  await keys.press("Enter");
  await keys.stands(all);

  // To the conversation at once, without the list.
  const skip = page.getByRole("link", { name: "Skip to the conversation" });
  await keys.back(skip);
  await keys.press("Enter");
  await keys.stands(page.getByRole("main"));
  await keys.to(button(page, "Edit this question"));

  // Where there is no room beside the page, the list lies over it.
  await page.setViewportSize({ width: 820, height: 860 });
  const show = button(page, "Show conversations");
  const drawer = page.getByRole("dialog", { name: "Conversations" });
  await keys.back(show);
  await keys.press("Enter");
  await keys.stands(button(drawer, "New conversation"));
  await keys.press("Escape");
  await keys.stands(show);
  await keys.press("Enter");
  await keys.use(button(drawer, "Hide conversations"));
  await keys.stands(show);
  await keys.press("Enter");
  await keys.use(drawer.getByRole("link", { name: "walrus" }));
  await keys.stands(composer);
  await reader.leave();
});
