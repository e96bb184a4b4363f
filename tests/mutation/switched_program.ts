/**
 * Runs tests in this one process, first as the code is, and then with one change
 * after the other turned on; of the tests only those that come by the change.
 * It reads what to do as JSON from the file that is its argument, and writes
 * what came of it as lines of JSON.
 *
 * A change may leave anything behind in the process, and a test may fail for
 * another reason. So the test that noticed a change runs again without it: if it
 * does not pass then, the program ends, and the next one tries that test once
 * more without the change, before it goes on with the other changes. If it does
 * not pass there, nothing is said of the change.
 */
import { SWITCH_VARIABLE } from "./switches.ts";

/** What to do. */
export interface SwitchedTask {
  /** Files of tests, as URLs. */
  readonly tests: readonly string[];
  /** Numbers of the changes. */
  readonly ids: readonly number[];
  /**
   * A file for what the tests do without a change: written by the first run,
   * and read by those that go on behind it.
   */
  readonly measured: string;
  /** What an earlier run ended with. */
  readonly doubt: Doubt | undefined;
}

/**
 * A test failed with a change, and then without it, too: the change may have
 * left something behind in the process. In a new one it passes, if so.
 */
export interface Doubt {
  /** The change. */
  readonly doubted: number;
  /** The test, by its place among all. */
  readonly by: number;
}

/** What came of it. */
export type SwitchedLine =
  /** A test begins, which may hang. */
  | { readonly running: string }
  /** A change is tried; its tests take so long without it, in milliseconds. */
  | { readonly trying: number; readonly time: number }
  | { readonly id: number; readonly noticed: boolean }
  | Doubt;

interface Test {
  readonly name: string;
  readonly run: (context: unknown) => unknown;
}

/** A test with what it came by. */
interface Covering {
  readonly test: Test;
  readonly time: number;
  readonly hits: ReadonlySet<number>;
}

/** The same in a file: the test by its place among all. */
type Measured = readonly [at: number, time: number, hits: readonly number[]];

/** How much longer than without the change a test may take, and what is added, in milliseconds. */
const SLACK = 4;
const SLACK_MS = 2500;

/** A test that takes longer as it is tells nothing. */
const LONGEST_MS = 60_000;

let on = 0;
/**
 * The changes that a test comes by, while the tests are measured: a change may
 * stand in the innermost loop, where a set would take most of the time.
 */
let hits: true[] | undefined;

const tests: Test[] = [];

/** In the place of `Deno.test`, in all its forms. */
function collect(...args: unknown[]): void {
  const options = args.find((arg) => typeof arg === "object") as
    | { name?: string; fn?: Test["run"]; ignore?: boolean }
    | undefined;
  const run = args.find((arg) => typeof arg === "function") as Test["run"] ??
    options?.fn;
  const name = args.find((arg) => typeof arg === "string") ?? options?.name ??
    (run as { name?: string }).name;
  if (!options?.ignore) tests.push({ name: String(name), run });
}

/** What failed where no test waited for it. */
let stray: unknown;

function watchStrays(): void {
  const listen = globalThis.addEventListener.bind(globalThis);
  const onError = (event: Event) => {
    if (event.defaultPrevented) return; // a test expects it
    event.preventDefault();
    stray = (event as ErrorEvent).error ?? "an error";
  };
  listen("error", onError);
  listen("unhandledrejection", (event) => {
    event.preventDefault();
    stray = (event as PromiseRejectionEvent).reason ?? "a rejection";
  });
  // A test's own listener comes first: it may take the error as expected.
  globalThis.addEventListener = ((type: string, ...rest: unknown[]) => {
    listen(type, ...rest as [EventListener]);
    if (type !== "error") return;
    globalThis.removeEventListener("error", onError);
    listen("error", onError);
  }) as typeof globalThis.addEventListener;
}

const context = {
  name: "",
  origin: "",
  step: async (...args: unknown[]): Promise<boolean> => {
    const run = args.find((arg) => typeof arg === "function") ??
      (args[0] as { fn: unknown }).fn;
    await (run as (context: unknown) => unknown)(context);
    return true;
  },
};

async function passes({ run }: Test, limit: number): Promise<boolean> {
  stray = undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("It hangs")), limit);
  });
  try {
    const work = Promise.resolve(run(context));
    await Promise.race([work, late]);
    await new Promise((resolve) => setTimeout(resolve));
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
  return stray === undefined;
}

function tell(line: SwitchedLine): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
}

/** What an earlier run measured, if there was one. */
async function readMeasured(path: string): Promise<Covering[] | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
  return JSON.parse(text).map(([at, time, hits]: Measured): Covering => ({
    test: tests[at]!,
    time,
    hits: new Set(hits),
  }));
}

/** Runs every test as it is; those that fail are left out. */
async function measure(): Promise<Covering[]> {
  const covering: Covering[] = [];
  for (const test of tests) {
    tell({ running: test.name });
    const seen: true[] = hits = [];
    const start = performance.now();
    const well = await passes(test, LONGEST_MS);
    const time = performance.now() - start;
    const own = new Set<number>();
    seen.forEach((_, id) => own.add(id)); // without those that are not there
    if (well) covering.push({ test, time, hits: own });
  }
  hits = undefined;
  return covering;
}

async function runSwitched(task: SwitchedTask): Promise<void> {
  Object.assign(globalThis, {
    isChanged(id: number) {
      if (hits !== undefined) hits[id] = true;
      return id === on;
    },
  });
  Object.assign(collect, { only: collect, ignore() {} });
  Object.defineProperty(Deno, "test", { value: collect });
  watchStrays();
  for (const file of task.tests) {
    tell({ running: file });
    await import(file).catch(() => {}); // what it has of tests is left out
  }
  const covering = await readMeasured(task.measured) ?? await measure();
  await Deno.writeTextFile(
    task.measured,
    JSON.stringify(covering.map(({ test, time, hits }): Measured => [
      tests.indexOf(test),
      time,
      [...hits],
    ])),
  );
  covering.sort((a, b) => a.time - b.time);
  if (task.doubt !== undefined) {
    const { doubted, by } = task.doubt;
    const one = covering.find(({ test }) => test === tests[by])!;
    tell({ trying: doubted, time: one.time });
    const noticed = await passes(one.test, one.time * SLACK + SLACK_MS);
    tell({ id: doubted, noticed });
    if (!noticed) return;
  }
  for (const id of task.ids) {
    const own = covering.filter(({ hits }) => hits.has(id));
    tell({ trying: id, time: own.reduce((sum, { time }) => sum + time, 0) });
    Deno.env.set(SWITCH_VARIABLE, String(id));
    let by: Covering | undefined;
    for (const one of own) {
      on = id;
      const well = await passes(one.test, one.time * SLACK + SLACK_MS);
      on = 0;
      if (well) continue;
      by = one;
      break;
    }
    Deno.env.delete(SWITCH_VARIABLE);
    if (
      by !== undefined && !await passes(by.test, by.time * SLACK + SLACK_MS)
    ) {
      tell({ doubted: id, by: tests.indexOf(by.test) });
      return;
    }
    tell({ id, noticed: by !== undefined });
  }
}

if (import.meta.main) {
  const task = JSON.parse(await Deno.readTextFile(Deno.args[0]!));
  await runSwitched(task);
  Deno.exit(0); // a change may have left something that runs
}
