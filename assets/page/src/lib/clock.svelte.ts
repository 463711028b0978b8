// One ticking second for everything on the page that counts, running only while something reads it.

import { createSubscriber } from "svelte/reactivity";

import { ticks } from "./time";

class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, 500);
    return () => clearInterval(timer);
  });

  /** Milliseconds on the page's own clock; whoever reads it in an effect is told about twice a second. */
  get ticks(): number {
    this.#subscribe();
    return ticks();
  }
}

export const clock = new Clock();
