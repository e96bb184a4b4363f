import type { TtyLine } from "../../lib/display/tty_lines.ts";
import { type TtyBuild, TtyScreen } from "../../lib/display/tty_screen.ts";
import { assertEquals } from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";

const decoder = new TextDecoder();

/** A build that has so many lines to show, and tells of what it is asked. */
class Wanting implements TtyBuild {
  readonly color: boolean = false;
  /** The room and the time that it was asked for lines with. */
  readonly asked: number[][] = [];
  readonly #name: string;
  readonly #wanted: number;

  constructor(name: string, wanted: number) {
    this.#name = name;
    this.#wanted = wanted;
  }

  now(): number {
    return 7;
  }

  lines(columns: number, rows: number, now: number): TtyLine[] {
    this.asked.push([columns, rows, now]);
    return Array.from(
      { length: Math.min(this.#wanted, rows) },
      (_, at) => ({ text: `${this.#name}${at}`, paint: "none" }),
    );
  }
}

/** A screen with builds that want so many lines each: `a`, `b` and so on. */
function screenOf(...wanted: number[]) {
  const screen = new TtyScreen();
  const builds = wanted.map((count, at) =>
    new Wanting(String.fromCharCode(97 + at), count)
  );
  for (const build of builds) screen.add(build);
  return { screen, builds };
}

/** What is painted, without the marks of a frame. */
function painted(bytes: Uint8Array): string[] {
  const text = decoder.decode(bytes);
  assertEquals(text.endsWith("\x1b[J\x1b[?25h"), true, JSON.stringify(text));
  return text.replaceAll("\x1b[K", "").split("\x1b[J")[0]!
    // deno-lint-ignore no-control-regex
    .replace(/^\x1b\[\?25l(\x1b\[\d+A)?\r/, "").split("\r\n").slice(0, -1);
}

Deno.test("builds share a terminal's lines: none gets more than it wants, the rest goes to the others", () => {
  for (
    const [rows, wanted, expected] of [
      [10, [2, 20, 20], [2, 3, 4]],
      [10, [20, 2, 20], [3, 2, 4]],
      [10, [5, 1, 9], [4, 1, 4]],
      [10, [3, 3, 3], [3, 3, 3]],
      [20, [3, 4, 5], [3, 4, 5]],
      [4, [5, 5, 5], [1, 1, 1]],
      [5, [5, 5, 5], [1, 1, 2]],
      [10, [12], [9]],
      [2, [12], [1]],
      [1, [12], [1]],
    ] as const
  ) {
    const { screen, builds } = screenOf(...wanted);
    const lines = painted(
      screen.paint(builds[0]!, { columns: 80, rows }, 1),
    );
    assertEquals(
      lines,
      expected.flatMap((count, at) =>
        Array.from(
          { length: count },
          (_, line) => `${String.fromCharCode(97 + at)}${line}`,
        )
      ),
    );
  }
});

Deno.test("of more builds than lines the first are shown, and how many there are more", () => {
  for (
    const [columns, rows, count, expected] of [
      [80, 4, 3, ["a0", "b0", "c0"]],
      [80, 4, 4, ["a0", "b0", "[+] and 2 more"]],
      [80, 4, 12, ["a0", "b0", "[+] and 10 more"]],
      [80, 3, 3, ["a0", "[+] and 2 more"]],
      [80, 2, 2, ["a0"]],
      [80, 1, 2, ["a0"]],
      [6, 3, 3, ["a0", "[+] a"]],
    ] as const
  ) {
    const { screen, builds } = screenOf(...Array<number>(count).fill(2));
    const size = { columns, rows };
    assertEquals(painted(screen.paint(builds[0]!, size, 1)), [...expected]);
    // All of it is painted over by the next frame.
    assertEquals(
      decoder.decode(screen.paint(builds[0]!, { ...size, columns: 90 }, 1))
        .includes(`\x1b[${expected.length}A\r`),
      true,
    );
  }
});

Deno.test("a build is asked for lines within the room, by its own clock", () => {
  for (
    const [columns, rows, expected] of [
      [80, 24, [79, 23]],
      [2, 2, [1, 1]],
      [1, 1, [1, 1]],
    ] as const
  ) {
    const { screen, builds } = screenOf(2);
    screen.paint(builds[0]!, { columns, rows }, 3);
    assertEquals(builds[0]!.asked, [[...expected, 3]]);
  }
  const { screen, builds } = screenOf(9, 9);
  screen.paint(builds[1]!, { columns: 80, rows: 9 }, 3);
  assertEquals(builds.map(({ asked }) => asked), [
    [[79, 8, 7], [79, 4, 7]],
    [[79, 8, 3], [79, 4, 3]],
  ]);
});

Deno.test("a frame is painted over the last one, whose lines a narrower terminal has wrapped", () => {
  const texts = ["x".repeat(41), "", "x".repeat(40), "x"];
  const build: TtyBuild = {
    color: true,
    now: () => 0,
    lines: () => texts.map((text) => ({ text, paint: "none" })),
  };
  const screen = new TtyScreen();
  screen.add(build);
  const up = (bytes: Uint8Array) =>
    // deno-lint-ignore no-control-regex
    /^\x1b\[\?25l(.*?)\r/.exec(decoder.decode(bytes))![1];
  assertEquals(up(screen.paint(build, { columns: 80, rows: 24 }, 0)), "");
  assertEquals(
    up(screen.paint(build, { columns: 80, rows: 24 }, 0)),
    "\x1b[4A",
  );
  // Three lines of the first, two of the third.
  assertEquals(
    up(screen.paint(build, { columns: 20, rows: 24 }, 0)),
    "\x1b[7A",
  );
  assertEquals(
    up(screen.end(build, [], "", { columns: 40, rows: 24 })),
    "\x1b[5A",
  );
});

Deno.test("where several builds ask for frames, a young one is not painted again, but for another size", () => {
  using clock = new StandingClock();
  const size = { columns: 80, rows: 24 };
  const { screen, builds: [a, b] } = screenOf(1, 1);
  const isPainted = (by: Wanting, size: { columns: number; rows: number }) =>
    screen.paint(by, size, 0).length > 0;
  assertEquals(isPainted(a!, size), true);
  assertEquals(isPainted(b!, size), false);
  clock.work(39);
  assertEquals(isPainted(b!, size), false);
  clock.work(1);
  assertEquals(isPainted(b!, size), true);
  assertEquals(isPainted(a!, size), false);
  assertEquals(isPainted(a!, { ...size, rows: 23 }), true);
  assertEquals(isPainted(a!, { columns: 79, rows: 23 }), true);
  assertEquals(isPainted(a!, { columns: 79, rows: 23 }), false);
  screen.end(b!, [], "", size);
  assertEquals(isPainted(a!, size), true);
  assertEquals(isPainted(a!, size), true);
});

Deno.test("what ends, and text of others, stands above the frame of those that go on", () => {
  const size = { columns: 80, rows: 24 };
  const { screen, builds: [a, b] } = screenOf(1, 2);
  const text = new TextEncoder().encode("text\n");
  screen.paint(a!, size, 0);
  const frame = "b0\x1b[K\r\nb1\x1b[K\r\n\x1b[J\x1b[?25h";
  assertEquals(
    decoder.decode(screen.above(text)),
    `\x1b[?25l\x1b[3A\r\x1b[Jtext\na0\x1b[K\r\n${frame}`,
  );
  assertEquals(
    decoder.decode(
      screen.end(a!, [{ text: "over", paint: "none" }], "why\r\n", size),
    ),
    `\x1b[?25l\x1b[3A\rover\x1b[K\r\n\x1b[Jwhy\r\n${frame}`,
  );
  assertEquals(
    decoder.decode(screen.end(b!, [], "", size)),
    "\x1b[?25l\x1b[2A\r\x1b[J\x1b[?25h",
  );
  assertEquals(screen.above(text), text);
});
