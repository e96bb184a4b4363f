/** A test that failed, as `deno test` told of it. */
export interface TestFailure {
  /** The test's name, or what else failed, such as `uncaught error`. */
  readonly name: string;
  /** Its file, with its line where that was told. */
  readonly place: string;
  /** The error's text and stack, without colours. */
  readonly lines: readonly string[];
}

/** The failures of one run. */
export interface RunFailures {
  /** What the run was, where there are several: `on Deno 2.5.7`. */
  readonly title?: string | undefined;
  /** What its program ended with. */
  readonly code: number;
  readonly failures: readonly TestFailure[];
}

/** Longer lines of an error are cut: a test's data may be in one. */
const MAX_COLUMNS = 240;

/** More lines of one error are not kept. */
const MAX_KEPT_LINES = 1_000;

/** How many lines all failures may take together. */
const MAX_LINES = 80;

/** How many lines one failure may take, if there are few. */
const MAX_LINES_EACH = 40;

/** How `deno test` heads an error: with the test and its place, or with a file. */
const HEADER_REGEXP =
  /^(?:(?<name>.*) => (?<place>\S+:\d+:\d+)|(?<file>\S+) \((?<what>uncaught error)\))$/;

/** How `deno test` tells that a test begins, and at once or later how it ended. */
const PROGRESS_REGEXP =
  /^(\S.*?) \.\.\.(?: (ok|FAILED|ignored|cancelled)\b.*)?\s*$/;

/** What `deno test` prints before the first test, and says nothing of an error. */
const NOISE_REGEXP =
  /^(?:Check |Download |Initialize |Stack backtrace:| +\d+: <unknown>| +(?:info|hint): )/;

/** Where an error is that kept all tests from running. */
const PLACE_REGEXP = /^ +at (file:\S+:\d+:\d+)$/;

/** A line that two values have in common, and none of a stack. */
const SAME_REGEXP = /^ {4}(?! *at )/;

/**
 * Reads from the output of `deno test` which tests failed: its errors stand
 * together behind the last test, and without them, as in a run that was broken
 * off, each test's own line tells.
 */
export class FailureReader {
  readonly #decoder = new TextDecoder();
  /** The start of a line that is not over yet. */
  #partial = "";
  /** The last line, which may be a header. */
  #last = "";
  #file = "";
  /** The test that runs. */
  #running = "";
  #inErrors = false;
  /** From the lines of tests. */
  readonly #told: TestFailure[] = [];
  /** What was printed before the first test. */
  readonly #before: string[] = [];
  /** Whether the error's text has come to what differs between two values. */
  #inDiff = false;
  /** From the errors together. */
  #errors: { name: string; place: string; lines: string[] }[] = [];
  #over = false;

  /** Takes the next piece of output. */
  push(chunk: Uint8Array): void {
    const text = this.#partial + this.#decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    this.#partial = lines.pop()!;
    for (const line of lines) this.#read(plainOf(line));
  }

  /** Whether `deno test` came as far as its tests, or their summary. */
  get hasBegun(): boolean {
    return this.#over || this.#file !== "";
  }

  /** The test that runs, with its file; empty between two. */
  get running(): string {
    const begun = PROGRESS_REGEXP.exec(plainOf(this.#partial))?.[1];
    const running = begun ?? this.#running;
    return running === "" ? "" : `${running} => ${this.#file}`;
  }

  /**
   * What failed, now that nothing follows. Where no summary was seen, the test
   * that ran is among it.
   */
  end(): TestFailure[] {
    if (this.#over) return this.#errors;
    this.#read(plainOf(this.#partial));
    this.#partial = "";
    if (!this.hasBegun && this.#told.length === 0) return this.#broken();
    return this.#running === "" ? this.#told : [...this.#told, {
      name: this.#running,
      place: this.#file,
      lines: ["It ran when the run was broken off."],
    }];
  }

  /** Why no test was run, such as an error of types. */
  #broken(): TestFailure[] {
    if (!this.#before.some((line) => line.startsWith("error: "))) return [];
    const places = this.#before.map((line) => PLACE_REGEXP.exec(line)?.[1]);
    return [{
      name: "before any test",
      place: places.find((place) => place !== undefined) ?? "no file",
      lines: this.#before,
    }];
  }

  #read(line: string): void {
    if (line === " ERRORS ") {
      this.#inErrors = true;
      this.#errors = [];
    } else if (line === " FAILURES ") {
      this.#inErrors = false;
    } else if (this.#inErrors) {
      this.#readError(line);
    } else {
      this.#readProgress(line);
    }
    this.#last = line;
  }

  #readError(line: string): void {
    const header = HEADER_REGEXP.exec(this.#last)?.groups;
    const current = this.#errors.at(-1);
    if (header !== undefined && line.startsWith("error: ")) {
      // Its header was taken for the last line of the error before.
      if (current?.lines.at(-1) === this.#last) current.lines.pop();
      this.#inDiff = false;
      this.#errors.push({
        name: header.name ?? header.what!,
        place: header.place ?? header.file!,
        lines: [cut(line)],
      });
    } else if (
      current !== undefined && current.lines.length < MAX_KEPT_LINES &&
      !/^ +at .*\bext:/.test(line) && !(this.#inDiff && SAME_REGEXP.test(line))
    ) current.lines.push(cut(line));
    this.#inDiff ||= line.startsWith("    [Diff] ");
  }

  #readProgress(line: string): void {
    this.#file = /^running \d+ tests? from (.*)$/.exec(line)?.[1] ?? this.#file;
    if (
      this.#file === "" && this.#before.length < MAX_KEPT_LINES &&
      !NOISE_REGEXP.test(line)
    ) this.#before.push(cut(line));
    const [, test, result] = PROGRESS_REGEXP.exec(line) ?? [];
    const uncaught = /^Uncaught error from (.*) FAILED$/.exec(line)?.[1];
    if (uncaught !== undefined) {
      this.#told.push({ name: "uncaught error", place: uncaught, lines: [] });
    } else if (result === "FAILED") {
      this.#told.push({ name: test!, place: this.#file, lines: [] });
    }
    if (test !== undefined) this.#running = result === undefined ? test : "";
    // While a test runs, it is that of another run, in the test's own output.
    if (this.#running === "" && /^(?:ok|FAILED) \| \d+ passed/.test(line)) {
      this.#over = true;
    }
  }
}

/**
 * The failures of all runs as lines, at most 100 with those of the counts: the
 * fewer there are, the more is told of each.
 */
export function describeFailures(runs: readonly RunFailures[]): string[] {
  const all = runs.flatMap(({ title, code, failures }) => {
    // Such as a program that was not there.
    const other = code !== 0 && failures.length === 0
      ? [{ name: `exit code ${code}`, place: "no test", lines: [] }]
      : failures;
    return other.map((failure) => ({ title, ...failure }));
  });
  if (all.length === 0) return [];
  const room = Math.floor(MAX_LINES / all.length);
  const lines = all.flatMap(({ title, name, place, lines }) => [
    `${cut(name)} => ${place}${title === undefined ? "" : ` (${title})`}`,
    ...shorten(lines, Math.min(room - 2, MAX_LINES_EACH)),
    ...(room > 2 ? [""] : []),
  ]);
  const more = lines.length - MAX_LINES;
  return [
    "What failed:",
    "",
    ...lines.slice(0, MAX_LINES),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

/** The first and the last of the lines, `room` at most. */
function shorten(lines: readonly string[], room: number): readonly string[] {
  const end = lines.findLastIndex((line) => line !== "") + 1;
  if (end <= room) return lines.slice(0, end);
  if (room < 3) return lines.slice(0, Math.max(room, 0));
  const last = Math.floor(room / 3);
  return [
    ...lines.slice(0, room - 1 - last),
    "…",
    ...lines.slice(end - last, end),
  ];
}

function cut(line: string): string {
  return line.length > MAX_COLUMNS ? `${line.slice(0, MAX_COLUMNS)}…` : line;
}

function plainOf(line: string): string {
  // deno-lint-ignore no-control-regex
  return line.replace(/\x1b\[[0-9;]*m/g, "").replace(/\r$/, "");
}
