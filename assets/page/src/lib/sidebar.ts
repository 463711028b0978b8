// Whether the reader has the conversations stand beside the page, where there is room; remembered by the browser.

import { read, write } from "./store";

export function sidebarOpen(): boolean {
  return read("sidebar", "open") !== false;
}

export function keepSidebarOpen(open: boolean): void {
  write("sidebar", "open", open);
}
