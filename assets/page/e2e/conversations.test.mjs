// Conversations that last: the list, branches, the outbox, and tabs and devices in step, at both widths.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "node:test";

import { startProxy } from "./proxy.mjs";
import { PHONE, stage } from "./stage.mjs";

for (const width of [1280, 390]) {
  describe(`at ${width}`, () => {
    const touch = width < 1024;
    const test = stage({ screen: { viewport: { width, height: 860 }, ...(touch && PHONE) } });

    /** What stands in the list. */
    const titles = (sidebar) => sidebar.locator("li > a .title").allInnerTexts();

    async function act(sidebar, title, name) {
      await sidebar.getByRole("button", { name: `Actions for “${title}”` }).click();
      await sidebar.locator(".menu:popover-open").getByText(name).click();
    }

    test("the_address_is_the_conversations_so_reload_back_and_a_bookmark_work", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const first = tab.page.url();
      await tab.page.getByRole("button", { name: "New conversation" }).click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      await tab.hears(fake, "Second.", "two");
      assert.notEqual(tab.page.url(), first);
      await tab.page.reload();
      await tab.reads("two");
      await tab.page.goBack();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      await tab.page.goBack();
      await tab.reads("one");
      assert.equal(tab.page.url(), first);
      const bookmark = await reader.open(first);
      await bookmark.reads("one");
      assert.equal(await bookmark.page.title(), "First. · Ask the test");
      await reader.leave();
    });

    test("an_unknown_address_says_so_and_has_a_way_out", async ({ fake, askd, reader }) => {
      const tab = await reader.open(`${askd.url}/c/01900000-0000-7000-8000-000000000000`);
      await tab.page.getByRole("heading", { name: "There is no such conversation" }).waitFor();
      await tab.page.getByRole("button", { name: "Begin a new one" }).click();
      await tab.page.waitForURL((url) => url.pathname === "/");
      await tab.hears(fake, "First.", "one");
      await reader.leave({ away: true });
    });

    test("an_address_that_no_conversation_can_have_says_so_too", async ({ fake, askd, reader }) => {
      const tab = await reader.open(`${askd.url}/c/nonsense`);
      await tab.page.getByRole("heading", { name: "There is no such conversation" }).waitFor();
      await tab.hears(fake, "First.", "one");
      await tab.page.waitForURL(/\/c\/[0-9a-f-]{36}$/);
      await reader.leave();
    });

    test("escape_in_the_sidebar_does_not_stop_the_answer", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.ask("Count.");
      const call = await fake.call();
      call.say("one ");
      await tab.reads("one");
      const sidebar = await tab.sidebar();
      await sidebar.getByRole("searchbox").press("Escape");
      if (width < 1024) await tab.page.getByRole("dialog").waitFor({ state: "detached" });
      await (await tab.sidebar()).getByRole("button", { name: "Actions for “Count.”" }).click();
      await tab.page.keyboard.press("Escape");
      await (await tab.sidebar()).getByRole("link", { name: "Count." }).press("Escape");
      call.say("two");
      call.finish();
      await tab.finished();
      await tab.reads("one two");
      await reader.leave();
    });

    test("conversations_are_listed_opened_renamed_and_deleted_with_a_way_back", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      await tab.page.getByRole("button", { name: "New conversation" }).click();
      await tab.hears(fake, "Second.", "two");
      let sidebar = await tab.sidebar();
      await sidebar.getByRole("heading", { name: "Today" }).waitFor();
      assert.deepEqual(await titles(sidebar), ["Second.", "First."]);

      await sidebar.getByRole("link", { name: "First." }).click();
      await tab.reads("one");
      assert.equal(await tab.page.getByRole("dialog").count(), 0);

      sidebar = await tab.sidebar();
      await act(sidebar, "First.", "Rename");
      await tab.page.keyboard.type("The very first");
      await tab.page.keyboard.press("Enter");
      await sidebar.getByRole("link", { name: "The very first" }).waitFor();
      await tab.page.reload();
      sidebar = await tab.sidebar();
      await sidebar.getByRole("link", { name: "The very first" }).waitFor();

      await act(sidebar, "The very first", "Delete");
      await tab.page.waitForURL((url) => url.pathname === "/");
      await sidebar.getByRole("link", { name: "The very first" }).waitFor({ state: "detached" });
      if (width < 1024) await tab.page.keyboard.press("Escape");
      await tab.page.getByRole("button", { name: "Undo" }).click();
      await tab.reads("one");
      sidebar = await tab.sidebar();
      await sidebar.getByRole("link", { name: "The very first" }).waitFor();
      await reader.leave();
    });

    test("the_keyboard_alone_deletes_and_undoes_and_the_focus_is_at_what_came_back", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      await (await tab.sidebar()).getByRole("button", { name: "New conversation" }).click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      await tab.hears(fake, "Second.", "two");
      const sidebar = await tab.sidebar();
      const dots = sidebar.getByRole("button", { name: "Actions for “First.”" });
      const row = sidebar.getByRole("link", { name: "First." });
      const focused = (words) =>
        tab.page.waitForFunction((words) => document.activeElement.textContent === words, words);
      for (const undo of ["Enter", "Control+z"]) {
        await dots.press("Enter");
        await focused("Rename");
        await tab.page.keyboard.press("ArrowUp");
        await focused("Delete");
        await tab.page.keyboard.press("Enter");
        await focused("Undo");
        assert.equal(await row.count(), 0);
        if (undo !== "Enter") await sidebar.getByRole("button", { name: "New conversation" }).focus();
        await tab.page.keyboard.press(undo);
        await row.waitFor();
        await tab.page.waitForFunction(() => document.activeElement.textContent.trim() === "First.");
        assert.ok(await row.evaluate((link) => link === document.activeElement));
        await tab.page.getByRole("button", { name: "Undo" }).waitFor({ state: "detached" });
      }
      await reader.leave();
    });

    test("a_notice_covers_no_control_and_stands_in_the_middle_of_its_column", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      for (const name of ["First.", "Second."]) {
        await tab.hears(fake, name, "A paragraph.\n\n".repeat(40));
        await (await tab.sidebar()).getByRole("button", { name: "New conversation" }).click();
        await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      }
      await (await tab.sidebar()).getByRole("link", { name: "First." }).click();
      await tab.jump.click();
      await tab.restsAtTheEnd();
      await act(await tab.sidebar(), "Second.", "Delete");
      await tab.page.getByText("Deleted “Second.”.").waitFor();
      const covers = () =>
        tab.page.evaluate(() => {
          const notice = document.querySelector(".notices p");
          const box = notice.getBoundingClientRect();
          const column = notice.closest("nav, footer").getBoundingClientRect();
          const controls = [...document.querySelectorAll("button, a, input, textarea, summary")].filter((control) => {
            const { top, bottom, left, right, width } = control.getBoundingClientRect();
            const apart = bottom <= box.top || top >= box.bottom || right <= box.left || left >= box.right;
            const above = notice.closest("dialog") === control.closest("dialog") && !notice.contains(control);
            return above && width > 0 && !apart;
          });
          const aside = (box.left + box.right - column.left - column.right) / 2;
          return {
            controls: controls.map(({ textContent }) => textContent.trim()),
            // A border on one side alone is half a pixel.
            aside: Math.trunc(Math.abs(aside)),
          };
        });
      assert.deepEqual(await covers(), { controls: [], aside: 0 });
      if (width < 1024) await tab.page.keyboard.press("Escape");
      await tab.page.getByText("Deleted “Second.”.").waitFor();
      await tab.restsAtTheEnd();
      assert.deepEqual(await covers(), { controls: [], aside: 0 });
      // No longer at the end: now there is a way back to it.
      await tab.page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
      await tab.jump.waitFor();
      const [jump, notice] = [await tab.jump.boundingBox(), await tab.page.locator(".notices p").boundingBox()];
      assert.ok(jump.y + jump.height <= notice.y, "the way to the end stands above the notice");
      await reader.leave();
    });

    test("a_renaming_is_given_up_with_escape_and_the_focus_is_where_it_was", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const sidebar = await tab.sidebar();
      await act(sidebar, "First.", "Rename");
      await tab.page.keyboard.type("Nonsense");
      await tab.page.keyboard.press("Escape");
      const link = sidebar.getByRole("link", { name: "First." });
      await link.waitFor();
      assert.ok(await link.evaluate((link) => link === document.activeElement));
      await reader.leave();
    });

    test("a_menu_closes_when_its_row_moves", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const sidebar = await tab.sidebar();
      await sidebar.getByRole("button", { name: "Actions for “First.”" }).click();
      const menu = sidebar.locator(".menu:popover-open");
      await menu.getByText("Rename").waitFor();
      await tab.settled();
      assert.ok(await menu.isVisible(), "it stays while its row does");
      const other = await reader.open(askd.url);
      await other.hears(fake, "Second.", "two");
      await sidebar.getByRole("link", { name: "Second." }).waitFor();
      await menu.waitFor({ state: "detached" });
      await tab.page.waitForFunction(() => document.activeElement?.ariaLabel === "Actions for “First.”");
      await reader.leave();
    });

    test("a_menu_goes_with_its_row_and_the_focus_stays_in_the_sidebar", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const other = await reader.open(askd.url);
      const sidebar = await tab.sidebar();
      await sidebar.getByRole("button", { name: "Actions for “First.”" }).press("Enter");
      await tab.page.waitForFunction(() => document.activeElement.textContent === "Rename");
      await act(await other.sidebar(), "First.", "Delete");
      await sidebar.getByText("No conversations yet.").waitFor();
      assert.equal(await tab.page.locator(":popover-open").count(), 0);
      await tab.page.waitForFunction(() => document.activeElement.textContent.trim() === "New conversation");
      await reader.leave({ away: true });
    });

    test("a_title_that_was_not_kept_stays_in_its_field_with_the_reason", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const sidebar = await tab.sidebar();
      await askd.hideStorage();
      await act(sidebar, "First.", "Rename");
      await tab.page.keyboard.type("The very first");
      await tab.page.keyboard.press("Enter");
      await sidebar.getByText(/^Not kept\./).waitFor();
      const field = sidebar.getByRole("textbox", { name: "Title" });
      assert.equal(await field.inputValue(), "The very first");
      assert.ok(await field.evaluate((field) => field === document.activeElement));
      assert.equal(await tab.page.locator(".notices p").count(), 0);
      await askd.showStorage();
      await tab.kept();
      await field.press("Enter");
      await sidebar.getByRole("link", { name: "The very first" }).waitFor();
      await tab.page.reload();
      await (await tab.sidebar()).getByRole("link", { name: "The very first" }).waitFor();
      await reader.leave({ away: true });
    });

    test("the_first_thing_that_the_keyboard_comes_to_leads_past_the_list", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const address = tab.page.url();
      await tab.page.reload();
      await tab.finished();
      const skip = tab.page.getByRole("link", { name: "Skip to the conversation" });
      const top = async () => (await skip.boundingBox()).y;
      assert.ok((await top()) < -20, "nobody sees it before");
      // From the page's beginning, and not from where the focus was.
      await tab.page.evaluate(() => {
        document.body.tabIndex = -1;
        document.body.focus();
      });
      await tab.page.keyboard.press("Tab");
      assert.ok(await skip.evaluate((link) => link === document.activeElement));
      assert.ok((await top()) >= 0);
      await tab.page.keyboard.press("Enter");
      assert.ok(await tab.page.getByRole("main").evaluate((main) => main === document.activeElement));
      assert.ok((await top()) < -20);
      await tab.page.keyboard.press("Tab");
      assert.ok(await tab.page.evaluate(() => document.activeElement.closest("main") !== null));
      assert.equal(tab.page.url(), address);
      await reader.leave();
    });

    test("the_keyboard_alone_opens_the_list_and_its_menu", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      if (width >= 1024) await (await tab.sidebar()).getByRole("button", { name: "Hide conversations" }).press("Enter");
      const show = tab.page.getByRole("button", { name: "Show conversations" });
      await show.press("Enter");
      const sidebar = tab.page.getByRole("navigation", { name: "Conversations" });
      const dots = sidebar.getByRole("button", { name: "Actions for “First.”" });
      await dots.press("Enter");
      const rename = sidebar.getByRole("button", { name: "Rename" });
      await rename.waitFor();
      await tab.page.waitForFunction(() => document.activeElement?.textContent === "Rename");
      await tab.page.keyboard.press("ArrowUp");
      await tab.page.waitForFunction(() => document.activeElement?.textContent === "Delete");
      await tab.page.keyboard.press("Escape");
      assert.ok(await dots.evaluate((button) => button === document.activeElement));
      if (width < 1024) {
        for (let n = 0; n < 20; n++) {
          await tab.page.keyboard.press("Tab");
          const outside = await tab.page.evaluate(() => document.activeElement?.closest(".page") !== null);
          assert.ok(!outside, "the focus stays in the drawer");
        }
        await tab.page.keyboard.press("Escape");
        await tab.page.getByRole("dialog").waitFor({ state: "detached" });
        assert.ok(await show.evaluate((button) => button === document.activeElement));
      } else {
        await sidebar.getByRole("button", { name: "Hide conversations" }).click();
        await tab.page.reload();
        await tab.finished();
        assert.equal(await sidebar.count(), 0, "it is remembered that the sidebar is hidden");
      }
      await reader.leave();
    });

    test("a_search_marks_what_it_found_and_leads_there", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "About whales.", "They are *mammals* and sing.");
      await tab.hears(fake, "And fish?", "They are silent. ".repeat(200));
      await tab.page.getByRole("button", { name: "New conversation" }).click();
      await tab.hears(fake, "Something else.", "two");
      const sidebar = await tab.sidebar();
      const search = sidebar.getByRole("searchbox", { name: "Search conversations" });
      await search.fill("mammal");
      await sidebar.getByText("1 place found.").waitFor();
      assert.equal(await sidebar.locator("mark").innerText(), "mammals");
      assert.equal(await sidebar.locator(".excerpt").innerText(), "They are mammals and sing.");
      await sidebar.getByRole("list", { name: "Found" }).getByRole("link").click();
      await tab.page.getByText("They are silent.").waitFor();
      const { y } = await tab.page.getByRole("heading", { name: "About whales." }).boundingBox();
      const { height } = await tab.page.getByRole("banner").boundingBox();
      assert.ok(y >= height && y < 860, `what was found is at ${y} px`);
      await (await tab.sidebar()).getByRole("searchbox").fill("zebra");
      await tab.page.getByText("Nothing found.").waitFor();
      await reader.leave();
    });

    test("a_search_finds_each_place_once_keeps_up_and_outlives_the_sidebar", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "About whales.", "Mammals.");
      const sidebar = await tab.sidebar();
      const search = sidebar.getByRole("searchbox");
      await search.fill("whales");
      await sidebar.getByText("1 place found.").waitFor();
      const found = sidebar.getByRole("list", { name: "Found" }).getByRole("link");
      assert.equal((await found.innerText()).trim(), "About whales.");
      assert.equal(await found.locator("mark").innerText(), "whales");
      const other = await reader.open(askd.url);
      await other.hears(fake, "And where are whales?", "Here.");
      await sidebar.getByText("2 places found.").waitFor();
      await act(await other.sidebar(), "About whales.", "Delete");
      await sidebar.getByText("1 place found.").waitFor();
      assert.equal((await found.innerText()).trim(), "And where are whales?");
      await sidebar.getByRole("button", { name: "Hide conversations" }).click();
      await sidebar.waitFor({ state: "detached" });
      await tab.sidebar();
      assert.equal(await search.inputValue(), "whales");
      await found.click();
      await tab.reads("Here.");
      await reader.leave({ away: true });
    });

    test("what_a_search_has_led_to_holds_no_reader_who_goes_on", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "About whales.", "They are mammals.\n\n".repeat(40));
      await tab.hears(fake, "And fish?", "They are silent.\n\n".repeat(40));
      const found = async () => {
        await (await tab.sidebar()).getByRole("searchbox").fill("mammals");
        await (await tab.sidebar()).getByRole("list", { name: "Found" }).getByRole("link").click();
        await tab.page.waitForFunction(() => document.querySelector("article").getBoundingClientRect().top < 90);
        await tab.jump.waitFor();
      };
      await found();
      await tab.ask("And birds?");
      const call = await fake.call();
      call.say("They sing. ");
      await tab.reads("They sing.");
      await tab.restsAtTheEnd();
      const { y } = await tab.page.getByRole("heading", { name: "And birds?" }).boundingBox();
      assert.ok(y > 56 && y < 860, `the new question stands at ${y} px`);
      // The same place once more, while an answer grows: it is led to, and left alone.
      await found();
      await tab.wheel(300);
      const before = await tab.top();
      call.say("And fly.");
      await tab.text.getByText("And fly.").waitFor({ state: "attached" });
      assert.equal(await tab.top(), before);
      await tab.jump.click();
      await tab.restsAtTheEnd();
      call.finish();
      await tab.finished();
      await tab.restsAtTheEnd();
      await reader.leave();
    });

    test("a_search_that_shows_only_the_first_places_says_so_and_shows_more", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "Sea?", "Deep.");
      const { conversations, ...rest } = await tab.page.evaluate(async () =>
        (await fetch("/api/v1/export?format=json")).json(),
      );
      const many = Array.from({ length: 30 }, (_, n) => ({
        ...conversations[0],
        id: `01900000-0000-7000-8000-0000000000${n + 10}`,
        title: `Number ${n}`,
      }));
      const sidebar = await tab.sidebar();
      await sidebar.locator("input[type=file]").setInputFiles({
        name: "many.json",
        mimeType: "application/json",
        buffer: Buffer.from(JSON.stringify({ ...rest, conversations: many })),
      });
      await tab.page.getByText("30 conversations were imported.").waitFor();
      await sidebar.getByRole("searchbox").fill("deep");
      await sidebar.getByText("The first 20 places.").waitFor();
      await sidebar.getByRole("button", { name: "Show more" }).press("Enter");
      await sidebar.getByText("31 places found.").waitFor();
      const found = sidebar.getByRole("list", { name: "Found" }).getByRole("link");
      assert.ok(await found.nth(20).evaluate((link) => link === document.activeElement));
      await reader.leave();
    });

    test("an_export_is_saved_and_what_was_exported_comes_back", async ({ fake, askd, reader, arrive }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const address = tab.page.url();
      const sidebar = await tab.sidebar();
      const saved = async (title, name) => {
        const download = tab.page.waitForEvent("download");
        if (title) await act(sidebar, title, name);
        else {
          await sidebar.getByRole("button", { name: "Actions for all conversations" }).click();
          await sidebar.locator(".menu:popover-open").getByText(name).click();
        }
        return readFile(await (await download).path(), "utf8");
      };
      assert.match(await saved("First.", "Export as Markdown"), /^# First\./);
      assert.equal(JSON.parse(await saved("First.", "Export as JSON")).askd, 1);
      const all = await saved(null, "Export as JSON");
      assert.equal(JSON.parse(all).conversations.length, 1);

      const file = join(tmpdir(), `askd-import-${process.pid}-${width}.json`);
      await writeFile(file, all);
      const files = sidebar.locator("input[type=file]");
      await files.setInputFiles(file);
      await tab.page.getByText("1 was here already.").waitFor();
      const elsewhere = await arrive();
      const other = await elsewhere.open(askd.url);
      await (await other.sidebar()).locator("input[type=file]").setInputFiles({
        name: "moved.json",
        mimeType: "application/json",
        buffer: Buffer.from(all.replaceAll(new URL(address).pathname.slice(3), "01900000-0000-7000-8000-00000000000a")),
      });
      await other.page.getByRole("link", { name: "First." }).click();
      await other.reads("one");
      await (await other.sidebar()).locator("input[type=file]").setInputFiles({
        name: "not.json",
        mimeType: "application/json",
        buffer: Buffer.from("{}"),
      });
      await other.page.locator(".notices p", { hasText: "askd" }).waitFor();
      await elsewhere.leave({ away: true });
      await reader.leave();
    });

    test("an_import_is_seen_to_be_under_way_and_is_not_begun_twice", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      const exported = await tab.page.evaluate(async () => (await fetch("/api/v1/export?format=json")).text());
      let imports = 0;
      let go = () => {};
      const held = new Promise((resolve) => (go = resolve));
      await tab.page.route("**/api/v1/import", async (route) => {
        imports += 1;
        await held;
        await route.continue();
      });
      const sidebar = await tab.sidebar();
      const file = { name: "all.json", mimeType: "application/json", buffer: Buffer.from(exported) };
      await sidebar.locator("input[type=file]").setInputFiles(file);
      await sidebar.getByText("Importing “all.json”").waitFor();
      // Also where the sidebar has been away meanwhile.
      await sidebar.getByRole("button", { name: "Hide conversations" }).click();
      await sidebar.waitFor({ state: "detached" });
      await tab.sidebar();
      await sidebar.getByText("Importing “all.json”").waitFor();
      await sidebar.getByRole("button", { name: "Actions for all conversations" }).click();
      assert.ok(await sidebar.getByRole("button", { name: "Import JSON" }).isDisabled());
      await tab.page.keyboard.press("Escape");
      await sidebar.locator("input[type=file]").setInputFiles(file);
      go();
      await tab.page.getByText("1 was here already.").waitFor();
      await sidebar.getByText("Importing").waitFor({ state: "detached" });
      assert.equal(imports, 1);
      await reader.leave();
    });

    test("an_edited_question_and_a_regenerated_answer_are_branches_with_a_switch", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "Sky?", "blue");
      await tab.hears(fake, "And dusk?", "red");
      await tab.page.getByRole("button", { name: "Regenerate" }).last().click();
      let call = await fake.call();
      assert.deepEqual(
        call.body.messages.filter(({ role }) => role !== "system").map(({ content }) => content),
        ["Sky?", "blue", "And dusk?"],
      );
      call.say("orange");
      call.finish();
      await tab.reads("orange");
      await tab.page.getByText("2/2").waitFor();

      await tab.page.getByRole("heading", { name: "Sky?" }).hover();
      await tab.page.getByRole("button", { name: "Edit this question" }).first().click();
      const field = tab.page.getByRole("textbox", { name: "Edit the question" });
      assert.equal(await field.inputValue(), "Sky?");
      await field.fill("Sea?");
      await tab.send(field);
      call = await fake.call();
      assert.deepEqual(
        call.body.messages.filter(({ role }) => role !== "system").map(({ content }) => content),
        ["Sea?"],
      );
      call.say("green");
      call.finish();
      await tab.finished();
      assert.equal(await tab.page.locator(".answer").count(), 1);

      const earlier = tab.page.getByRole("button", { name: "Earlier version" });
      await earlier.press("Enter");
      await tab.reads("orange");
      assert.equal(await tab.page.locator(".answer").count(), 2);
      await tab.page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Later version");
      await earlier.last().click();
      await tab.reads("red");
      await tab.page.reload();
      await tab.reads("red");
      call = await tab.hears(fake, "And night?", "black");
      assert.ok(JSON.stringify(call.body).includes("red"), "the branch that is shown is the one that is asked");
      await reader.leave();
    });

    test("what_is_above_an_answer_stays_in_its_place_when_it_begins_and_ends", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      await tab.ask("Second.");
      let call = await fake.call();
      call.say("two");
      await tab.reads("two");
      await tab.page.getByRole("button", { name: "Stop" }).click();
      await tab.says("Stopped by you.");
      await tab.ask("Refused.");
      call = await fake.call();
      call.refuse(400, "The model has no wish to answer that, and takes more than a line of a telephone to say so.");
      await tab.page.getByRole("button", { name: "Retry" }).last().waitFor();
      /** How far below the first question each later question, and the last answer's text, stand. */
      const places = () =>
        tab.page.evaluate(() => {
          const tops = [...document.querySelectorAll("h2, article:last-of-type .markdown")];
          const [first, ...later] = tops.map((one) => one.getBoundingClientRect().top);
          return later.map((top) => Math.round(top - first));
        });
      await tab.ask("Last.");
      call = await fake.call();
      call.say("Here it is.");
      await tab.reads("Here it is.");
      const before = await places();
      assert.equal(await tab.page.getByRole("button", { name: /Retry|Edit|Regenerate/ }).count(), 0);
      call.finish();
      await tab.finished();
      assert.equal(await tab.page.getByRole("button", { name: "Retry" }).count(), 2);
      assert.deepEqual(await places(), before);
      await reader.leave();
    });

    stage({ screen: { viewport: { width, height: 860 }, ...(touch && PHONE) }, maxQuestion: "1 KiB" })(
      "an_edited_question_beyond_the_limit_is_not_asked_and_its_buttons_stay_in_their_box",
      async ({ fake, askd, reader }) => {
        const tab = await reader.open(askd.url);
        await tab.hears(fake, "Sky?", "blue");
        await tab.page.getByRole("heading", { name: "Sky?" }).hover();
        await tab.page.getByRole("button", { name: "Edit this question" }).click();
        const field = tab.page.getByRole("textbox", { name: "Edit the question" });
        await field.fill("é".repeat(513));
        await tab.page.getByText("1,026 of 1,024 bytes").waitFor();
        await tab.send(field);
        await tab.page.getByText("The question is longer than this server takes it.").waitFor();
        const ask = tab.page.getByRole("button", { name: "Ask this instead" });
        assert.ok(await ask.isDisabled());
        const [box, button] = [await tab.page.locator("form.box").boundingBox(), await ask.boundingBox()];
        assert.ok(button.x + button.width <= box.x + box.width);
        const cancel = await tab.page.getByRole("button", { name: "Cancel" }).boundingBox();
        assert.equal(cancel.y, button.y);
        await field.fill("é".repeat(512));
        await tab.send(field);
        assert.equal((await fake.call()).question, "é".repeat(512));
        await reader.leave();
      },
    );

    test("a_question_that_is_being_edited_outlives_what_another_tab_does", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "Sky?", "blue");
      const other = await reader.open(tab.page.url());
      await other.reads("blue");
      await tab.page.getByRole("heading", { name: "Sky?" }).hover();
      await tab.page.getByRole("button", { name: "Edit this question" }).click();
      const field = tab.page.getByRole("textbox", { name: "Edit the question" });
      await field.fill("Sea, carefully?");
      await other.page.getByRole("button", { name: "Regenerate" }).click();
      let call = await fake.call();
      call.say("red ");
      await tab.reads("red");
      await tab.send(field);
      await tab.page.getByText("It can be asked when the running answer has ended.").waitFor();
      assert.equal(await field.inputValue(), "Sea, carefully?");
      call.finish();
      await tab.finished();
      await tab.send(field);
      call = await fake.call();
      assert.equal(call.question, "Sea, carefully?");
      call.say("green");
      call.finish();
      await tab.reads("green");
      await field.waitFor({ state: "detached" });
      await reader.leave();
    });

    test("an_answer_that_was_cut_or_stopped_can_go_on", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.ask("Long.");
      let call = await fake.call();
      call.say("as far as ");
      call.finish("length");
      await tab.page.getByRole("button", { name: "Continue" }).click();
      call = await fake.call();
      assert.deepEqual(
        call.body.messages.filter(({ role }) => role !== "system").map(({ content }) => content),
        ["Long.", "as far as ", "Continue."],
      );
      call.say("it ");
      await tab.reads("it");
      await tab.page.keyboard.press("Escape");
      await tab.page.getByRole("button", { name: "Continue" }).last().click();
      call = await fake.call();
      call.say("goes on.");
      call.finish();
      await tab.finished();
      assert.equal(await tab.page.getByRole("button", { name: "Continue" }).count(), 0);
      // It is one answer in three parts: nothing among them looks asked, or can be edited.
      for (const again of [false, true]) {
        if (again) await tab.page.reload();
        await tab.finished();
        assert.equal(await tab.page.getByRole("heading", { name: "Continued" }).count(), 2);
        assert.equal(await tab.page.getByText("Continue.").count(), 0);
        assert.equal(await tab.page.getByRole("button", { name: "Edit this question" }).count(), 1);
        assert.equal(await tab.page.getByRole("button", { name: "Copy the answer" }).count(), 1);
      }
      await reader.leave();
    });

    test("the_focus_goes_on_where_the_reader_does", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      // With a mouse there is a keyboard: the next question. Without, what is new.
      const there = touch ? "article:last-of-type" : "textarea";
      const focused = () =>
        tab.page.waitForFunction((there) => document.activeElement === document.querySelector(there), there);
      const press = (name) => tab.page.getByRole("button", { name }).last()[touch ? "tap" : "click"]();
      await tab.composer.fill("Count.");
      await press("Send");
      await focused();
      let call = await fake.call();
      call.say("one ");
      await tab.reads("one");
      await press("Stop");
      await tab.says("Stopped by you.");
      await focused();
      await press("Continue");
      await focused();
      call = await fake.call();
      call.say("two");
      call.finish();
      await tab.finished();
      await press("Regenerate");
      await focused();
      call = await fake.call();
      call.say("two");
      call.finish();
      await tab.finished();
      await tab.page.getByRole("heading", { name: "Count." }).hover();
      await tab.page.getByRole("button", { name: "Edit this question" }).first().click();
      await press("Ask this instead");
      await focused();
      assert.equal(await tab.page.getByRole("article").count(), 1);
      await fake.call();
      await reader.leave();
    });

    test("a_question_sent_while_the_connection_is_down_is_sent_once_also_after_a_reload", async ({
      fake,
      askd,
      reader,
    }) => {
      const proxy = await startProxy(askd.port);
      const tab = await reader.open(proxy.url);
      await tab.hears(fake, "First.", "one");
      const address = tab.page.url();
      proxy.down();
      await tab.page.getByText(/Reconnecting/).waitFor();
      await tab.ask("Second.");
      await tab.says(/^Waiting for the connection/);
      // The server is there again for the page, and not yet for the WebSocket: the reload finds the question waiting.
      let held = true;
      await tab.page.routeWebSocket(/\/ws$/, (near) => (held ? near.close({ code: 3000 }) : near.connectToServer()));
      proxy.up();
      await tab.page.goto(address);
      await tab.says(/^Waiting for the connection|^Connecting/);
      held = false;
      const call = await fake.call();
      assert.equal(call.question, "Second.");
      call.say("two");
      call.finish();
      await tab.reads("two");
      await tab.page.reload();
      await tab.finished();
      assert.equal(await tab.page.locator(".answer").count(), 2);
      proxy.close();
      await reader.leave({ away: true });
    });

    test("a_conversation_whose_question_waits_is_marked_in_the_list", async ({ fake, askd, reader }) => {
      const proxy = await startProxy(askd.port);
      const tab = await reader.open(proxy.url);
      await tab.hears(fake, "First.", "one");
      const sidebar = await tab.sidebar();
      await sidebar.getByRole("link", { name: "First." }).waitFor();
      // The list's last word before the connection goes is to be that it has ended.
      await sidebar.getByText("(an answer is running)").waitFor({ state: "detached" });
      if (touch) await tab.page.keyboard.press("Escape");
      proxy.down();
      await tab.page.getByText(/Reconnecting/).waitFor();
      await tab.ask("Second.");
      const mark = (await tab.sidebar()).getByText("(a question waits to be sent)");
      await mark.waitFor();
      proxy.up();
      const call = await fake.call();
      await mark.waitFor({ state: "detached" });
      call.finish();
      proxy.close();
      await reader.leave({ away: true });
    });

    test("stop_takes_a_waiting_question_back_into_the_composer", async ({ askd, reader }) => {
      const proxy = await startProxy(askd.port);
      const tab = await reader.open(proxy.url);
      await tab.page.waitForFunction(() => document.querySelector("footer p")?.textContent?.trim() === "");
      proxy.down();
      await tab.page.getByText(/Reconnecting/).waitFor();
      await tab.ask("Never mind.");
      await tab.page.getByRole("button", { name: "Stop" }).click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      assert.equal(await tab.composer.inputValue(), "Never mind.");
      assert.equal(new URL(tab.page.url()).pathname, "/");
      proxy.up();
      await tab.page.reload();
      assert.equal(await tab.composer.inputValue(), "Never mind.");
      proxy.close();
      await reader.leave({ away: true });
    });

    test("each_conversation_has_its_draft_also_after_a_reload", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      await tab.composer.fill("half a ques");
      await tab.page.getByRole("button", { name: "New conversation" }).click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      assert.equal(await tab.composer.inputValue(), "");
      await tab.composer.fill("quite another");
      await tab.page.reload();
      assert.equal(await tab.composer.inputValue(), "quite another");
      await tab.page.goBack();
      await tab.reads("one");
      assert.equal(await tab.composer.inputValue(), "half a ques");
      await reader.leave();
    });

    test("two_tabs_at_a_new_conversation_write_two_drafts", async ({ askd, reader }) => {
      const tabs = [await reader.open(askd.url), await reader.open(askd.url)];
      for (const [n, tab] of tabs.entries()) await tab.composer.fill(`Draft ${n}`);
      for (const [n, tab] of tabs.entries()) {
        await tab.page.reload();
        assert.equal(await tab.composer.inputValue(), `Draft ${n}`);
      }
      await reader.leave();
    });

    test("two_devices_of_one_owner_stay_in_step_and_a_strangers_sees_nothing", async ({
      fake,
      askd,
      reader,
      arrive,
    }) => {
      const one = await reader.open(askd.url);
      await one.hears(fake, "First.", "one");
      // Another browser with the same cookie is another device of the same person.
      const device = await arrive({ storageState: { cookies: await reader.context.cookies(), origins: [] } });
      const two = await device.open(one.page.url());
      await two.reads("one");
      await one.ask("Second.");
      const call = await fake.call();
      call.say("two ");
      await one.reads("two");
      // Looking at it again is enough.
      await two.page.evaluate(() => window.dispatchEvent(new Event("focus")));
      await two.reads("two");
      await (await two.sidebar()).getByText("(an answer is running)").waitFor();
      call.say("and three");
      await two.reads("two and three");
      call.finish();
      await one.finished();
      await (await two.sidebar()).getByText("(an answer is running)").waitFor({ state: "detached" });

      const stranger = await arrive();
      const other = await stranger.open(one.page.url());
      await other.page.getByRole("heading", { name: "There is no such conversation" }).waitFor();
      await (await other.sidebar()).getByText("No conversations yet.").waitFor();
      await stranger.leave({ away: true });
      await device.leave();
      await reader.leave();
    });

    test("what_one_tab_does_another_tab_shows_at_once", async ({ fake, askd, reader }) => {
      const one = await reader.open(askd.url);
      await one.hears(fake, "First.", "one");
      const two = await reader.open(askd.url);
      const list = await two.sidebar();
      await list.getByRole("link", { name: "First." }).waitFor();
      const sidebar = await one.sidebar();
      await act(sidebar, "First.", "Rename");
      await one.page.keyboard.type("Renamed");
      await one.page.keyboard.press("Enter");
      await list.getByRole("link", { name: "Renamed" }).waitFor();
      await act(sidebar, "Renamed", "Delete");
      await list.getByText("No conversations yet.").waitFor();
      await reader.leave();
    });

    test("what_is_left_of_a_conversation_deleted_in_another_tab_says_so_and_leads_on", async ({
      fake,
      askd,
      reader,
    }) => {
      const one = await reader.open(askd.url);
      await one.hears(fake, "First.", "one");
      const deleted = one.page.url();
      const two = await reader.open(deleted);
      await two.reads("one");
      await two.answer.getByRole("button", { name: "Regenerate" }).waitFor();
      await act(await one.sidebar(), "First.", "Delete");
      await two.page.getByRole("heading", { name: "The server no longer has this conversation" }).waitFor();
      await two.reads("one");
      assert.equal(await two.page.getByRole("button", { name: "Regenerate" }).count(), 0);
      await two.composer.fill("Second.");
      await two.send();
      const call = await fake.call();
      call.say("two");
      call.finish();
      await two.reads("two");
      assert.equal(await two.page.getByRole("article").count(), 1);
      assert.notEqual(two.page.url(), deleted);
      await reader.leave({ away: true });
    });

    test("a_past_that_cannot_be_fetched_is_told_above_the_question_that_is_here", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      await askd.hideStorage();
      await tab.ask("Second.");
      await tab.answer.getByRole("button", { name: "Retry" }).waitFor();
      // Where the list comes back, the page finds the way back by itself before the reader does.
      await tab.page.route(/\/api\/v1\/conversations(\?|$)/, (route) => route.abort());
      await tab.page.reload();
      await tab.page.getByRole("heading", { name: "The conversation cannot be shown now" }).waitFor();
      await tab.page.getByRole("main").getByText("Conversations cannot be read right now").waitFor();
      const shown = tab.page.getByRole("article");
      assert.equal(await shown.count(), 1);
      await askd.showStorage();
      await tab.page.getByRole("main").getByRole("button", { name: "Try again" }).click();
      await shown.nth(1).waitFor();
      assert.match(await shown.first().innerText(), /First\./);
      await reader.leave({ away: true });
    });

    test("a_first_question_that_was_refused_stays_within_reach", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.hears(fake, "First.", "one");
      await tab.page.getByRole("button", { name: "New conversation" }).first().click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      await askd.hideStorage();
      await tab.ask("Second.");
      await tab.answer.getByRole("button", { name: "Retry" }).waitFor();
      await tab.page.getByRole("button", { name: "New conversation" }).first().click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      await (await tab.sidebar()).getByRole("button", { name: "Second." }).click();
      await tab.page.getByRole("article").getByText("Second.").waitFor();
      await tab.says(/^Conversations cannot be kept right now/);
      await reader.leave({ away: true });
    });

    test("a_refused_question_is_thrown_away_into_an_empty_composer", async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.page.waitForFunction(() => document.querySelector("footer p")?.textContent?.trim() === "");
      await askd.hideStorage();
      await tab.ask("First.");
      const discard = tab.answer.getByRole("button", { name: "Discard" });
      await discard.click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      assert.equal(new URL(tab.page.url()).pathname, "/");
      assert.equal(await tab.composer.inputValue(), "First.");
      await tab.page.reload();
      assert.equal(await tab.composer.inputValue(), "First.");
      assert.equal(await (await tab.sidebar()).getByText("Not taken by the server").count(), 0);
      if (touch) await tab.page.keyboard.press("Escape");
      // What is being written is not mixed with what is thrown away.
      await tab.ask("First.");
      await discard.waitFor();
      await tab.composer.fill("Another.");
      await discard.click();
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      assert.equal(await tab.composer.inputValue(), "Another.");
      await askd.showStorage();
      await tab.kept();
      await tab.hears(fake, "First.", "one");
      await askd.hideStorage();
      await tab.ask("Second.");
      await discard.click();
      await tab.page.getByText("Second.").waitFor({ state: "detached" });
      assert.equal(await tab.page.getByRole("article").count(), 1);
      assert.equal(await tab.composer.inputValue(), "Second.");
      await reader.leave({ away: true });
    });

    test("an_answer_that_another_tab_began_is_the_one_that_is_shown_and_can_be_stopped", async ({
      fake,
      askd,
      reader,
    }) => {
      const one = await reader.open(askd.url);
      await one.hears(fake, "First.", "one");
      await one.answer.getByRole("button", { name: "Regenerate" }).click();
      const again = await fake.call();
      again.say("other");
      again.finish();
      await one.reads("other");
      await one.finished();
      const two = await reader.open(one.page.url());
      await two.reads("other");
      await two.page.getByRole("button", { name: "Earlier version" }).click();
      await two.reads("one");
      await one.ask("Second.");
      const call = await fake.call();
      call.say("two");
      await two.reads("two");
      await two.page.getByRole("button", { name: "Stop" }).click();
      await one.says("Stopped by you.");
      await reader.leave();
    });
  });
}
