// Coming in where people sign in.

import { password } from "./askd.mjs";

/** The page where people sign in, in the words of somebody who uses it. */
export function door({ page }) {
  return {
    name: page.getByRole("textbox", { name: "Name" }),
    password: page.getByLabel("Password", { exact: true }),
    submit: page.getByRole("button", { name: "Sign in" }),
    told: page.getByRole("alert"),
  };
}

/** Signs in, and waits until the page itself stands. */
export async function enter(tab, name) {
  const { name: field, password: secret } = door(tab);
  await field.fill(name);
  await secret.fill(password(name));
  await secret.press("Enter");
  await tab.composer.waitFor();
  await tab.stands();
}
