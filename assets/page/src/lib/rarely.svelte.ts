// A part of the page that most visits never see: loaded when it is first wanted.

import { tell } from "./faults.svelte";

export class Rarely<Part> {
  part = $state.raw<Part | null>(null);
  #load: () => Promise<{ default: Part }>;

  constructor(load: () => Promise<{ default: Part }>) {
    this.#load = load;
  }

  /** Has it come; `failed` is called where it cannot be had for now. */
  want(failed: () => void): void {
    if (this.part !== null) return;
    this.#load().then(
      ({ default: part }) => (this.part = part),
      (fault: unknown) => {
        tell(fault);
        failed();
      },
    );
  }
}
