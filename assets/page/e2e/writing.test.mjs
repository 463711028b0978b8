// What goes into a question beside typed words: long text that is pasted, files, suggestions behind a "/", and how it is to
// be answered.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { sound } from "./sound.mjs";
import { PHONE, stage } from "./stage.mjs";

const LONG = Array.from({ length: 60 }, (_, n) => `${n}: a line of a log that somebody wants to ask about\n`).join("");

const chips = (tab) => tab.page.getByRole("list", { name: "Attached" }).last();
const chip = (tab, name) => tab.page.locator(".chip").filter({ hasText: name });
const attach = (tab, ...files) => tab.page.locator("input[type=file][multiple]").setInputFiles(files);
const file = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

/** Pastes text as the keyboard does. */
async function paste(tab, text) {
  await tab.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await tab.page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await tab.composer.focus();
  await tab.page.keyboard.press("ControlOrMeta+V");
}

/** A file as the browser carries it. */
const carried = (tab, name, text) =>
  tab.page.evaluateHandle(
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      return data;
    },
    [name, text],
  );

/** Nothing is wrong in this state, and it has its picture where pictures are wanted. */
async function seen(tab, state) {
  const shots = process.env.ASKD_SHOTS;
  if (shots) {
    const { width } = tab.page.viewportSize();
    const dark = await tab.page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
    const path = `${shots}/writing-${state.replaceAll(" ", "-")}-${width}-${dark ? "dark" : "light"}.png`;
    await tab.page.screenshot({ path, animations: "disabled" });
  }
  await sound(tab, state);
}

const screens = [
  { width: 1280, colorScheme: "light" },
  { width: 390, colorScheme: "dark" },
  ...(process.env.ASKD_SHOTS
    ? [
        { width: 1280, colorScheme: "dark" },
        { width: 390, colorScheme: "light" },
      ]
    : []),
];

for (const { width, colorScheme } of screens) {
  describe(`at ${width} ${colorScheme}`, () => {
    const screen = { ...(width < 1024 && PHONE), viewport: { width, height: 860 }, colorScheme };
    const test = stage({ screen, maxQuestion: "16 KiB", models: ["small", "large"] });

    test("pasted_text_is_folded_kept_over_a_refresh_sent_whole_and_folded_in_the_conversation", async (scene) => {
      const { fake, askd, reader } = scene;
      const tab = await reader.open(askd.url);
      await tab.composer.fill("What went wrong?");
      await paste(tab, LONG);
      await chip(tab, "Pasted text").waitFor();
      await tab.page.getByText(/^The pasted text \(3.* kB\) is attached\.$/).waitFor();
      await seen(tab, "pasted text");
      await tab.page.reload();
      await chip(tab, "Pasted text").waitFor();
      assert.equal(await tab.composer.inputValue(), "What went wrong?");
      await tab.send();
      const call = await fake.call();
      assert.equal(call.question, `What went wrong?\n\n\`\`\`text pasted\n${LONG}\n\`\`\``);
      call.say("The last line.");
      call.finish();
      await tab.finished();
      assert.equal(await chip(tab, "Pasted text").count(), 0);
      const article = tab.page.getByRole("article");
      assert.match(await article.getByRole("heading").first().innerText(), /What went wrong\?$/);
      assert.equal(await article.getByText("59: a line").count(), 0);
      await article.getByText("Pasted text").click();
      await article.getByText("59: a line").waitFor();
      await seen(tab, "pasted text in the conversation");
      // Edited, it is a chip again, and none of it is lost.
      await tab.page.getByRole("button", { name: "Edit this question" }).click();
      await chip(tab, "Pasted text").waitFor();
      await tab.page.getByRole("textbox", { name: "Edit the question" }).fill("What went right?");
      await seen(tab, "editing with pasted text");
      await tab.page.getByRole("button", { name: "Ask this instead" }).click();
      const again = await fake.call();
      assert.equal(again.question, call.question.replace("wrong", "right"));
      again.say("The rest.");
      again.finish();
      await tab.finished();
      await reader.leave();
    });

    test("pasted_text_can_be_removed_put_back_and_unfolded_by_keyboard", async ({ askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.composer.fill("ab");
      await paste(tab, LONG);
      const remove = chips(tab).getByRole("button", { name: "Remove “Pasted text”" });
      await remove.focus();
      await tab.page.keyboard.press("Enter");
      const back = chips(tab).getByRole("button", { name: "Put “Pasted text” back" });
      await back.and(tab.page.locator(":focus")).waitFor();
      await seen(tab, "removed");
      await tab.page.keyboard.press("Enter");
      await remove.and(tab.page.locator(":focus")).waitFor();
      await tab.composer.focus();
      await tab.page.keyboard.press("Home");
      await tab.page.keyboard.press("ArrowRight");
      await tab.page.keyboard.press("Shift+Tab");
      await tab.page.keyboard.press("Shift+Tab");
      await chips(tab).getByRole("button", { name: "Put the text into the field" }).press("Enter");
      await tab.composer.and(tab.page.locator(":focus")).waitFor();
      assert.equal(await tab.composer.inputValue(), `a${LONG}b`);
      // The field has grown to its bound, and scrolls.
      const { height, scrolls } = await tab.composer.evaluate((area) => ({
        height: area.clientHeight,
        scrolls: area.scrollHeight > area.clientHeight,
      }));
      assert.ok(height <= 0.4 * 860 && height > 200 && scrolls, `${height}`);
      await seen(tab, "unfolded");
      await reader.leave();
    });

    test("files_are_attached_by_button_drop_and_paste_and_what_is_no_text_or_too_large_is_refused", async (scene) => {
      const { fake, askd, reader } = scene;
      const tab = await reader.open(askd.url);
      const [chooser] = await Promise.all([
        tab.page.waitForEvent("filechooser"),
        tab.page.getByRole("button", { name: "Attach a text file" }).click(),
      ]);
      await chooser.setFiles([file("main.rs", "fn main() {}\n"), file("notes.md", "# Notes\n\n```\ncode\n```\n")]);
      await chip(tab, "notes.md").waitFor();
      const dropped = await carried(tab, "data.csv", "a,b\n1,2\n");
      await tab.page.dispatchEvent("main", "dragover", { dataTransfer: dropped });
      await tab.page.getByText("Drop text files here to attach them").waitFor();
      await seen(tab, "dropping");
      await tab.page.dispatchEvent("main", "drop", { dataTransfer: dropped });
      await tab.page.getByText("Drop text files here to attach them").waitFor({ state: "detached" });
      await chip(tab, "data.csv").waitFor();
      const pasted = await carried(tab, "grün.txt", "grün");
      await tab.composer.evaluate((area, clipboardData) => {
        area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
      }, pasted);
      await chip(tab, "grün.txt").waitFor();
      await seen(tab, "files");
      await attach(tab, { name: "photo.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0x50, 0, 1]) });
      await tab.page.getByText("“photo.png” is not a text file, and only those can be attached.").waitFor();
      await seen(tab, "refused");
      await attach(tab, file("large.log", "x".repeat(17_000)));
      await tab.page.getByText(/^“large.log” has 17 kB, and this question has room for 16\.\d kB more\.$/).waitFor();
      await attach(tab, file("huge.log", "x".repeat(1_000_000)));
      await tab.page.getByText(/^“huge.log” has 1 MB, and this question has room for 16\.\d kB more\.$/).waitFor();
      assert.equal(await tab.page.locator(".chip").count(), 4);
      // What is attached is a question without a word.
      await tab.page.getByRole("button", { name: "Send" }).click();
      const call = await fake.call();
      const blocks = [
        '````rs file="main.rs"\nfn main() {}\n\n````',
        '````md file="notes.md"\n# Notes\n\n```\ncode\n```\n\n````',
        '````csv file="data.csv"\na,b\n1,2\n\n````',
        '````text file="grün.txt"\ngrün\n````',
      ];
      assert.equal(call.question, blocks.join("\n\n"));
      call.say("Four files.");
      call.finish();
      await tab.finished();
      assert.equal(
        await tab.page
          .locator("article details")
          .filter({ hasText: /main.rs|notes.md|data.csv|grün.txt/ })
          .count(),
        4,
      );
      await seen(tab, "files in the conversation");
      // Called back, they are chips again.
      await tab.composer.press("ArrowUp");
      await chip(tab, "grün.txt").waitFor();
      assert.equal(await tab.page.locator("footer .chip").count(), 4);
      await reader.leave();
    });

    test("a_question_is_too_long_with_what_is_attached_and_says_so", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.composer.fill("What is this?");
      await paste(tab, "é".repeat(9_000));
      await tab.page.getByText("18,034 of 16,384 bytes").waitFor();
      await tab.send();
      await tab.page.getByText("The question is longer than this server takes it.").waitFor();
      await seen(tab, "too long");
      assert.equal(fake.waiting, 0);
      await chips(tab).getByRole("button", { name: "Remove “Pasted text”" }).click();
      await tab.send();
      const call = await fake.call();
      assert.equal(call.question, "What is this?");
      call.say("It.");
      call.finish();
      await tab.finished();
      await reader.leave();
    });

    test("a_slash_offers_suggestions_and_earlier_questions_by_keyboard_and_by_pointer", async (scene) => {
      const { fake, askd, reader } = scene;
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "Which turns are kept?", "All.");
      const offers = tab.page.getByRole("listbox", { name: "Suggestions" });
      const options = offers.getByRole("option");
      await tab.composer.pressSequentially("/");
      await options.nth(2).waitFor();
      assert.deepEqual(
        (await options.allInnerTexts()).map((text) => text.replaceAll("\n", " ")),
        ["What is askd?", "What is a turn?", "Which turns are kept? asked before"],
      );
      await seen(tab, "slash");
      await tab.composer.press("ArrowUp");
      const chosen = offers.getByRole("option", { selected: true });
      assert.match(await chosen.innerText(), /^Which turns are kept/);
      assert.equal(await tab.composer.getAttribute("aria-activedescendant"), await chosen.getAttribute("id"));
      await tab.composer.press("Enter");
      assert.equal(await tab.composer.inputValue(), "Which turns are kept?");
      assert.equal(await offers.count(), 0);
      await tab.composer.fill("");
      await tab.composer.pressSequentially("/what tu");
      await options.first().waitFor();
      assert.deepEqual(await options.allInnerTexts(), ["What is a turn?"]);
      await (width < 1024 ? options.first().tap() : options.first().click());
      assert.equal(await tab.composer.inputValue(), "What is a turn?");
      await tab.composer.and(tab.page.locator(":focus")).waitFor();
      await reader.leave();
    });

    test("a_question_that_begins_with_a_slash_can_be_sent", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      const offers = tab.page.getByRole("listbox");
      await tab.composer.pressSequentially("/");
      await offers.waitFor();
      await tab.composer.press("Escape");
      await offers.waitFor({ state: "detached" });
      await tab.composer.pressSequentially("what");
      assert.equal(await offers.count(), 0);
      await tab.send();
      const call = await fake.call();
      assert.equal(call.question, "/what");
      call.say("A slash.");
      call.finish();
      await tab.finished();
      const path = await tab.hears(fake, "/etc/hosts?", "A file.");
      assert.equal(path.question, "/etc/hosts?");
      await reader.leave();
    });

    test("temperature_and_length_reach_the_endpoint_for_asking_again_and_editing_too_and_are_remembered", async (scene) => {
      const { fake, askd, reader } = scene;
      const tab = await reader.open(askd.url);
      const given = ({ body: { temperature, max_tokens } }) => [temperature, max_tokens];
      assert.deepEqual(given(await tab.hears(fake, "First?", "One.")), [undefined, undefined]);
      await tab.page.getByRole("button", { name: "How to answer" }).press("Enter");
      const panel = tab.page.getByRole("dialog", { name: "How to answer" });
      const slider = panel.getByRole("slider", { name: "Temperature" });
      await slider.and(tab.page.locator(":focus")).waitFor();
      await seen(tab, "options");
      for (let n = 0; n < 8; n++) await tab.page.keyboard.press("ArrowLeft");
      await panel.getByRole("combobox", { name: "Answer length" }).selectOption("Short: up to 300 tokens");
      await seen(tab, "options changed");
      await tab.page.keyboard.press("Escape");
      const button = tab.page.getByRole("button", { name: "How to answer: 0.2 · Short" });
      await button.and(tab.page.locator(":focus")).waitFor();
      await seen(tab, "options shown");
      const call = await tab.hears(fake, "Second?", "Two.");
      assert.deepEqual(given(call), [0.2, 300]);
      await tab.answer.getByRole("button", { name: "Regenerate" }).click();
      const again = await fake.call();
      assert.deepEqual(given(again), [0.2, 300]);
      again.say("Two, and then");
      again.finish("length");
      await tab.page.getByRole("button", { name: "Continue" }).click();
      const rest = await fake.call();
      assert.deepEqual(given(rest), [0.2, 300]);
      rest.say("some.");
      rest.finish();
      await tab.finished();
      await tab.page.getByRole("button", { name: "Edit this question" }).first().click();
      await tab.page.getByRole("textbox", { name: "Edit the question" }).fill("First, edited?");
      await tab.page.getByRole("button", { name: "Ask this instead" }).click();
      const edited = await fake.call();
      assert.deepEqual([edited.question, ...given(edited)], ["First, edited?", 0.2, 300]);
      edited.say("One again.");
      edited.finish();
      await tab.finished();
      // Another conversation after a refresh has them still.
      await tab.page.goto(askd.url);
      await button.click();
      await panel.getByRole("button", { name: "Reset" }).click();
      await slider.and(tab.page.locator(":focus")).waitFor();
      await tab.page.keyboard.press("Escape");
      assert.deepEqual(given(await tab.hears(fake, "Third?", "Three.")), [undefined, undefined]);
      await reader.leave();
    });
  });
}

stage({ modelless: true })("without_a_model_there_is_nothing_to_say_of_how_to_answer", async ({ askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.page.getByRole("button", { name: "Attach a text file" }).waitFor();
  await tab.composer.fill("What is askd?");
  await tab.page.getByRole("button", { name: "Send" }).and(tab.page.locator(":enabled")).waitFor();
  assert.equal(await tab.page.getByRole("button", { name: /How to answer/ }).count(), 0);
  await reader.leave();
});

stage()("a_text_file_in_windows_1252_is_attached_as_the_text_that_it_is", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const buffer = Buffer.from([0x93, 0x47, 0x72, 0xf6, 0xdf, 0x65, 0x94, 0x3a, 0x20, 0x35, 0x20, 0x80]);
  await attach(tab, { name: "old.txt", mimeType: "text/plain", buffer });
  await chip(tab, "old.txt").waitFor();
  await tab.page.getByRole("button", { name: "Send" }).click();
  const call = await fake.call();
  assert.equal(call.question, '```text file="old.txt"\n“Größe”: 5 €\n```');
  call.finish();
  await reader.leave();
});
