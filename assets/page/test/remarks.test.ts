// What the page says of where it runs, and when it says nothing.

import { expect, test } from "vitest";

import { cookieTaken } from "../src/lib/cookie";
import { remarks } from "../src/lib/remarks";

const well = { fault: false, stamp: "1", served: "1", cookie: true, ahead: 0 };
const HOUR = 60 * 60_000;

test.each([
  [{}, []],
  [{ served: undefined }, []],
  [{ stamp: undefined }, []],
  [{ served: "2" }, ["There is a newer version of this page. Reload it when it suits you."]],
  [{ ahead: 0.9 * HOUR }, []],
  [{ ahead: HOUR }, ["This device's clock is 1 hour ahead of the server's. Days here are the server's."]],
  [{ ahead: -5.2 * HOUR }, ["This device's clock is 5 hours behind the server's. Days here are the server's."]],
  [{ ahead: 60 * HOUR }, ["This device's clock is 3 days ahead of the server's. Days here are the server's."]],
])("%j is told as %j", (differs, words) => {
  expect(remarks({ ...well, ...differs }).map((remark) => remark.words)).toEqual(words);
});

test("a_reload_is_offered_where_it_helps", () => {
  const all = remarks({ fault: true, stamp: "1", served: "2", cookie: false, ahead: HOUR });
  expect(all.map(({ key, reload }) => [key, reload])).toEqual([
    ["fault", true],
    ["2", true],
    ["cookie", false],
    ["clock", false],
  ]);
});

test("a_browser_that_takes_no_cookie_is_noticed_and_one_that_does_keeps_none_of_it", () => {
  expect(cookieTaken()).toBe(true);
  expect(document.cookie).toBe("");
  expect(cookieTaken(Object.defineProperty({ cookie: "" }, "cookie", { get: () => "", set: () => {} }))).toBe(false);
  const apart = Object.defineProperty({ cookie: "" }, "cookie", {
    get: () => {
      throw new DOMException("apart", "SecurityError");
    },
  });
  expect(cookieTaken(apart)).toBe(false);
});
