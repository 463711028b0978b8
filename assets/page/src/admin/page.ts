// The page for admins: how the server is, looked at again every two seconds while somebody sees it, and the few things that an
// admin may have it do.

import { BASE } from "../lib/base";
import { settings } from "../lib/settings";
import type { Endpoint, Knowledge, Overview, Session, Store, Turn } from "./calls";
import * as calls from "./calls";
import { ask } from "./sure";
import type { Row } from "./table";
import { facts, made, table, tell } from "./table";
import { filled, moment, number, say, size, speak } from "./words";

const EVERY_MS = 2_000;

/** Makes the page, and looks. */
export function begin(): void {
  const main = document.getElementById("admin");
  if (main === null) return;
  const { language, title } = settings();
  speak(language === null ? navigator.languages : [language], document.documentElement);
  document.title = `${say.title} – ${title}`;
  const view = new View();
  const heading = made("h1", {}, `${title}: ${say.title}`);
  const back = made("a", { href: BASE }, say.back);
  main.replaceChildren(made("header", {}, heading, back, view.told, view.state), ...view.parts());
  view.follow();
}

class View {
  readonly told = made("p", { role: "status", class: "told" });
  readonly state = made("p", { class: "state" });
  private readonly turns = table(say.turns.title, columns(say.turns), say.turns.none);
  private readonly sessions = table(
    say.sessions.title,
    [say.sessions.user, say.sessions.peer, say.sessions.since, say.sessions.answer, say.sessions.act],
    say.sessions.none,
  );
  private readonly endpoints = table(
    say.endpoints.title,
    [
      say.endpoints.name,
      say.endpoints.models,
      say.endpoints.running,
      say.endpoints.waiting,
      say.endpoints.began,
      say.endpoints.failed,
      say.endpoints.failures,
    ],
    say.endpoints.none,
  );
  private readonly store = facts(say.store.title);
  private readonly knowledge = facts(say.knowledge.title);
  private readonly problems = table(
    say.knowledge.problems,
    [say.knowledge.path, say.knowledge.reason],
    say.knowledge.whole,
  );
  private readonly misses = new Misses(() => void this.shows(() => this.misses.read()));
  private timer: ReturnType<typeof setTimeout> | undefined;
  private looking = false;
  private over = false;

  parts(): HTMLElement[] {
    this.problems.element.hidden = true;
    this.knowledge.element.hidden = true;
    return [
      this.turns.element,
      this.endpoints.element,
      this.sessions.element,
      this.people(),
      this.store.element,
      this.knowledge.element,
      this.problems.element,
      this.misses.element,
      this.configuration(),
    ];
  }

  /** Looks again and again, while the page is seen. */
  follow(): void {
    document.addEventListener("visibilitychange", () => void this.look());
    void this.look();
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    if (this.looking || this.over || document.hidden) return;
    this.looking = true;
    try {
      this.show(await calls.overview());
      if (this.told.textContent === say.away) tell(this.told, "");
    } catch (error) {
      this.fails(error, say.away);
    } finally {
      this.looking = false;
    }
    if (!this.over) this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }

  private fails(error: unknown, words: string): void {
    this.over ||= error instanceof calls.NoAdmin;
    tell(this.told, this.over ? say.gone : words);
    // Others may look at this browser now.
    if (this.over) for (const section of document.querySelectorAll("#admin > section")) section.remove();
    if (this.over) tell(this.state, "");
  }

  private show(now: Overview): void {
    const parts = [
      `${say.version} ${now.server}`,
      `${say.up} ${moment(now.up_since, now.now)}`,
      `${say.updated} ${moment(now.now, now.now)}`,
    ];
    if (now.draining) parts.unshift(say.draining);
    tell(this.state, parts.join(" · "));
    const people = new Map(now.sessions.list.map((session) => [session.id, session]));
    const turns = now.turns.list.map((turn) => this.turn(turn, people.get(turn.session), now.now));
    this.turns.show(turns, more(now.turns));
    const sessions = now.sessions.list.map((session) => this.session(session, now.now));
    this.sessions.show(sessions, more(now.sessions));
    this.misses.show(now.misses);
    this.endpoints.show(now.endpoints.map((one) => endpoint(one, now.now)));
    this.store.show(storeFacts(now.store));
    this.knowledge.element.hidden = now.knowledge === null;
    const problems = now.knowledge?.problems;
    this.problems.element.hidden = !problems?.total;
    if (now.knowledge && problems) {
      this.knowledge.show(knowledgeFacts(now.knowledge));
      const rows = problems.list.map(({ path, reason }) => ({ key: `${path} ${reason}`, cells: [path, reason] }));
      this.problems.show(rows, more(problems));
    }
  }

  private turn(turn: Turn, asker: Session | undefined, now: number): Row {
    // Whoever has left has a name all the same.
    const [at, who] = [moment(turn.since, now), turn.user ?? called(asker)];
    return {
      key: `${turn.id} ${turn.session}`,
      cells: [at, who, turn.endpoint, turn.model, filled(say.turns[turn.stage], turn.place ?? 0), size(turn.bytes)],
      act: {
        label: say.turns.stop,
        name: filled(say.turns.stopNamed, at, who),
        does: () =>
          void this.does(say.turns.sure, say.turns.stop, async () => {
            await calls.stop(turn.id);
            return say.turns.done;
          }),
      },
    };
  }

  private session({ id, user, peer, since, turn }: Session, now: number): Row {
    const runs = turn === null ? "" : say.sessions.runs;
    const act = user !== null && settings().signIn === "password" ? this.signOut(user) : null;
    return { key: id, cells: [user ?? say.sessions.anonymous, peer, moment(since, now), runs], act };
  }

  private signOut(user: string) {
    return {
      label: say.sessions.signOut,
      name: filled(say.sessions.signOutNamed, user),
      does: () => this.shutOut(user),
    };
  }

  private shutOut(user: string): void {
    void this.does(filled(say.sessions.sure, user), say.sessions.signOut, async () => {
      const { sign_ins, tokens } = await calls.signOut(user);
      return filled(say.sessions.done, user, sign_ins, tokens);
    });
  }

  /** For who is not here now, as one of whom a token is about. */
  private people(): HTMLElement {
    const name = made("input", { name: "user", required: "", maxlength: "200", autocomplete: "off" });
    const button = made("button", {}, say.people.signOut);
    const form = made("form", { class: "acts" }, made("label", {}, say.people.user, " ", name), button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.shutOut(name.value.trim());
    });
    return made("section", {}, made("h2", {}, say.people.title), made("p", {}, say.people.about), form);
  }

  /** Does something, once whoever wants it is sure, and says what came of it. */
  private async does(question: string, answer: string, act: () => Promise<string>): Promise<void> {
    if (!(await ask(question, answer, say.cancel))) return;
    try {
      tell(this.told, await act());
    } catch (error) {
      this.fails(error, filled(say.failed, error instanceof Error ? error.message : ""));
    }
    void this.look();
  }

  private configuration(): HTMLElement {
    const text = made("pre", { tabindex: "0", role: "region", "aria-label": say.config.title, hidden: "" });
    const came = made("ul");
    const show = async () => {
      text.textContent = await calls.config();
      text.hidden = false;
    };
    const button = made("button", { type: "button" }, say.config.show);
    button.addEventListener("click", () => void this.shows(show));
    const again = made("button", { type: "button" }, say.config.reload);
    again.addEventListener("click", () => {
      void this.does(say.config.sure, say.config.reload, async () => {
        const lines = told(await calls.reload());
        came.replaceChildren(...lines.map((line) => made("li", {}, line)));
        if (!text.hidden) await show();
        return lines[0]!;
      });
    });
    const acts = made("p", { class: "acts" }, button, again);
    return made("section", {}, made("h2", {}, say.config.title), made("p", {}, say.config.about), acts, came, text);
  }

  private async shows(show: () => Promise<void>): Promise<void> {
    try {
      await show();
    } catch (error) {
      this.fails(error, filled(say.failed, error instanceof Error ? error.message : ""));
    }
  }
}

/** The questions that found nothing. To read them is written down: they are offered where there are any, and read on demand. */
class Misses {
  readonly element: HTMLElement;
  private readonly list = made("ol");
  private readonly shown = made("p", { class: "none" });
  private readonly offer: HTMLElement;

  constructor(wanted: () => void) {
    const button = made("button", { type: "button" }, say.misses.show);
    button.addEventListener("click", wanted);
    this.offer = made("div", { hidden: "" }, made("p", {}, say.misses.about), button);
    this.element = made("section", {}, made("h2", {}, say.misses.title), this.offer, this.shown, this.list);
  }

  /** Whether there are any. */
  show(are: Overview["misses"]): void {
    this.offer.hidden = are !== "some";
    if (are === "some") {
      if (this.list.children.length === 0) tell(this.shown, "");
      return;
    }
    this.list.replaceChildren();
    tell(this.shown, are === "none" ? say.misses.none : say.misses.unkept);
  }

  async read(): Promise<void> {
    const { kept, questions, total } = await calls.misses();
    this.list.replaceChildren(...questions.map((question) => made("li", { dir: "auto" }, question)));
    const rest = more({ total, list: questions });
    tell(this.shown, kept ? (total === 0 ? say.misses.none : rest) : say.misses.unkept);
  }
}

function columns(of: typeof say.turns): string[] {
  return [of.since, of.who, of.endpoint, of.model, of.stage, of.bytes, of.act];
}

/** Who somebody is, as far as that is known. */
function called(session: Session | undefined): string {
  return session?.user ?? session?.peer ?? say.sessions.left;
}

function more({ total, list }: { total: number; list: unknown[] }): string {
  return total > list.length ? filled(say.first, list.length, total) : "";
}

function endpoint({ name, models, running, waiting, began, failed, failures }: Endpoint, now: number): Row {
  const words = say.endpoints;
  return {
    key: name,
    cells: [
      name,
      models.join(", "),
      number(running),
      number(waiting),
      began === null ? words.never : moment(began, now),
      failed === null ? words.never : `${moment(failed.at, now)}, ${failed.code}`,
      number(failures),
    ],
  };
}

function storeFacts({ state, reason, bytes, unwritten_questions, unwritten_answers }: Store): [string, string][] {
  const words = say.store;
  return [
    [words.state, state === "good" ? words.good : filled(words.bad, reason ?? "")],
    [words.size, bytes === null ? words.unknown : size(bytes)],
    [words.unwritten, filled(words.counts, unwritten_questions, unwritten_answers)],
  ];
}

function knowledgeFacts({ folders, files, waiting, passages, vectors, lack, progress }: Knowledge): [string, string][] {
  const words = say.knowledge;
  const state = progress
    ? filled(words[progress.task], progress.done, progress.of)
    : lack === null
      ? words.whole
      : words[lack];
  const paths = folders.map(({ path, problem }) => (problem === null ? path : `${path} ${problem}`));
  const read = waiting > 0 ? filled(words.waiting, files ?? 0, waiting) : number(files ?? 0);
  return [
    [words.state, state],
    [words.folders, paths.join(", ")],
    [words.files, files === null ? words.unread : read],
    [words.passages, vectors > 0 ? filled(words.vectors, passages, vectors) : number(passages)],
  ];
}

/** What came of reading the configuration again, a line each. */
function told({ took_effect, need_restart, warnings, faults }: calls.Reloaded): string[] {
  const words = say.config;
  const lines = faults.map((fault) => filled(words.fault, fault));
  if (took_effect.length > 0) lines.push(filled(words.took, took_effect.join(", ")));
  if (need_restart.length > 0) lines.push(filled(words.restart, need_restart.join(", ")));
  if (lines.length === 0) lines.push(words.nothing);
  return [...lines, ...warnings.map((warning) => filled(words.warning, warning))];
}
