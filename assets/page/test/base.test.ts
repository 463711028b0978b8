// Where the page lies on its host, and that what it keeps and asks for lies there too.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
  const told = document.createElement("script");
  told.id = "askd-page";
  told.type = "application/json";
  told.textContent = '{"base":"/tools/askd/"}';
  document.head.append(told);
});

afterEach(() => {
  document.head.replaceChildren();
  localStorage.clear();
  history.replaceState(null, "", "/");
});

test("an_address_without_the_base_gets_it_and_one_with_it_stays", async () => {
  const { inside, settle } = await import("../src/lib/base");
  for (const [come, gone, behind] of [
    ["/", "/tools/askd/", ""],
    ["/tools/askd", "/tools/askd/", ""],
    ["/tools/askd/", "/tools/askd/", ""],
    ["/c/x?document=a#b", "/tools/askd/c/x?document=a#b", "c/x"],
    ["/tools/askd/c/x", "/tools/askd/c/x", "c/x"],
  ] as const) {
    history.replaceState(null, "", come);
    settle();
    expect(location.pathname + location.search + location.hash).toBe(gone);
    expect(inside()).toBe(behind);
  }
});

test("addresses_begin_with_the_base", async () => {
  const { conversationAt } = await import("../src/lib/base");
  const { exportAddress, fileAddress } = await import("../src/lib/api");
  expect(conversationAt("x")).toBe("/tools/askd/c/x");
  expect(exportAddress(null, "json")).toBe("/tools/askd/api/v1/export?format=json");
  expect(fileAddress("a b.md")).toBe("/tools/askd/api/v1/document/file?path=a%20b.md");
});

test("another_askd_on_the_host_does_not_send_what_was_asked_here", async () => {
  const here = await import("../src/lib/keep");
  const { newTurn } = await import("../src/lib/reduce");
  const turn = newTurn({ id: "t", parent: null, question: "For the other one?", asked: 1 });
  expect(here.keepWaiting({ conversation: "c", turn })).toBe(true);
  expect(here.outbox()).toHaveLength(1);
  document.head.replaceChildren();
  vi.resetModules();
  const other = await import("../src/lib/keep");
  expect(other.outbox()).toEqual([]);
});
