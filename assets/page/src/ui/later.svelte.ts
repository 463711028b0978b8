// The parts that the first screen does not wait for: loaded at once where a text needs them, else when the page stands.

import { tell } from "../lib/faults.svelte";
import { idle } from "../lib/idle";

type Parts = typeof import("./parts");

class Later {
  parts = $state.raw<Parts | null>(null);
  /** They could not be loaded the last time. */
  failed = $state(false);
  #loading: Promise<void> | null = null;

  /** Resolves when they are there, or cannot be had for now; then the next call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Loads them step by step, none of which would keep a reader waiting who has begun to write. */
  async prepare(): Promise<void> {
    if (this.#loading === null) {
      try {
        const { warm } = await import("./parts");
        await idle();
        warm();
        await idle();
      } catch {
        // It is told where they are wanted.
      }
    }
    await this.load();
  }

  async #load(): Promise<void> {
    try {
      this.parts = await import("./parts");
      this.failed = false;
    } catch (fault) {
      if (!this.failed) tell(fault);
      this.failed = true;
      this.#loading = null;
    }
  }
}

/** Of the page there is one. */
export const later = new Later();
