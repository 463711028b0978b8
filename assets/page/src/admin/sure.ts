// Asking whether somebody is sure, before something is done that cannot be taken back.

import { made } from "./table";

/** Whether they are; Escape says no. Where the focus was it is again. */
export function ask(question: string, yes: string, no: string): Promise<boolean> {
  const [does, leaves] = [made("button", { value: "yes", class: "does" }, yes), made("button", { value: "" }, no)];
  const words = made("p", { id: "sure" }, question);
  const form = made("form", { method: "dialog" }, words, made("p", { class: "acts" }, leaves, does));
  const sheet = made("dialog", { "aria-labelledby": "sure" }, form);
  document.body.append(sheet);
  sheet.showModal();
  return new Promise((resolve) => {
    sheet.addEventListener("close", () => {
      sheet.remove();
      resolve(sheet.returnValue === "yes");
    });
  });
}
