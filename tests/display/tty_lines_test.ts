import {
  logLines,
  type TtyLine,
  vertexLines,
} from "../../lib/display/tty_lines.ts";
import { layOut } from "../../lib/display/tty_layout.ts";
import { TtyDisplay } from "../../lib/display/tty.ts";
import type { StatusEvent } from "../../lib/progress/event.ts";
import { BuildState } from "../../lib/progress/state.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { log, vertex } from "./events.ts";

const X = "x".repeat(200);

/** How much of a layer is there. */
function pulled(fields: Partial<StatusEvent> = {}): StatusEvent {
  return {
    type: "status",
    vertex: "a",
    id: X,
    name: "",
    current: 5,
    total: 10,
    time: 2000,
    started: 1000,
    completed: undefined,
    ...fields,
  };
}

/** The line of a transfer that has run for two seconds. */
function statusLine(columns: number, fields?: Partial<StatusEvent>): string {
  const state = new BuildState();
  state.apply(vertex("a"));
  state.apply(pulled(fields));
  return vertexLines(state.get("a")!, 3000, columns)[1]!.text;
}

Deno.test("the bar, the progress and the name of a transfer: what there is room for", () => {
  const name = (length: number) => ` => => ${X.slice(0, length)}`;
  for (
    const [columns, line] of [
      [58, `${name(18)} [========>       ] 5B / 10B 2.0s`],
      [57, `${name(17)} [========>       ] 5B / 10B 2.0s`],
      [56, `${name(35)} 5B / 10B 2.0s`],
      [38, `${name(17)} 5B / 10B 2.0s`],
      [37, `${name(25)} 2.0s`],
      [21, `${name(9)} 2.0s`],
      [20, name(13)],
      [7, " => => "],
      [1, " "],
    ] as const
  ) assertEquals(statusLine(columns), line);
});

Deno.test("the bar of a transfer is full at its end, and beyond", () => {
  const bar = (current: number) =>
    /\[.*\]/.exec(statusLine(80, { current }))![0];
  for (
    const [current, expected] of [
      [0, "[>               ]"],
      [-5, "[>               ]"],
      [9, "[==============> ]"],
      [9.99, "[===============>]"],
      [10, "[================]"],
      [30, "[================]"],
    ] as const
  ) assertEquals(bar(current), expected);
});

Deno.test("of a step's output the last lines are shown that are not empty, as far as is looked", () => {
  const shown = (text: string, count: number, columns: number) => {
    const state = new BuildState();
    state.apply(vertex("a"));
    state.apply(log("a", text));
    return logLines(state.get("a")!, count, columns).map(({ text }) => text);
  };
  assertEquals(shown("a\n\nb\n \nc\n", 2, 20), [" => => # b", " => => # c"]);
  // Three times as many lines are looked at.
  assertEquals(shown(`a\n${"\n".repeat(5)}`, 2, 20), [" => => # a"]);
  assertEquals(shown(`a\n${"\n".repeat(6)}`, 2, 20), []);
  // And eight times as many bytes as are shown.
  const before = `${"before ".repeat(20)}\n`;
  assertEquals(shown(`${before}seen\n${" ".repeat(73)}\n`, 1, 10), [
    " => => # s",
  ]);
  assertEquals(shown(`${before}seen\n${" ".repeat(74)}\n`, 1, 10), []);
});

Deno.test("six lines of what a step prints are shown where three more have room beside", () => {
  const state = new BuildState();
  state.apply(vertex("a"));
  state.apply(vertex("b"));
  state.apply(log("b", "x\n".repeat(20)));
  state.apply(log("a", "y\n".repeat(10)));
  const shown = (rows: number) =>
    layOut(state.vertices, { columns: 40, rows, now: 3000 })
      .map(({ text }) => text.trim().slice(-1)).join("");
  assertEquals(
    [10, 11, 12, 16, 17, 30].map(shown),
    [
      "ss",
      "ssxxxxxx",
      "ssxxxxxx",
      "ssxxxxxx",
      "syyyyyysxxxxxx",
      "syyyyyysxxxxxx",
    ],
  );
});

/** A build in a terminal, by itself. */
function tty(columns = 60) {
  const state = new BuildState();
  const display = new TtyDisplay({
    state,
    size: () => ({ columns, rows: 10 }),
    color: false,
  });
  const lines = (bytes: Uint8Array) =>
    // deno-lint-ignore no-control-regex
    new TextDecoder().decode(bytes).replace(/\x1b\[[?0-9]*[a-zA-Z]/g, "")
      .replace(/^\r/, "").replace(/ {3,}/g, "  ").trimEnd().split("\r\n");
  return { state, display, lines };
}

Deno.test("the time in a terminal is that of the engine's clock", () => {
  const { state, display, lines } = tty();
  const begin = vertex("a");
  state.apply(begin);
  // The state is ahead of what the display was told.
  assertEquals(lines(display.render(3000)), [
    "[+] Building 0.0s (0/1)",
    " => step a  2.0s",
  ]);
  assertEquals(display.update([begin], 5000), false);
  assertEquals(lines(display.render(6500)), [
    "[+] Building 1.5s (0/1)",
    " => step a  1.5s",
  ]);
  const end = vertex("a", { completed: 2500 });
  state.apply(end);
  display.update([end], 6600);
  assertEquals(lines(display.end(7000)), [
    "[+] Building 2.0s (1/1) FINISHED",
    " => step a  1.5s",
  ]);
});

Deno.test("a build without any step has a header alone, as wide as there is room", () => {
  for (
    const [columns, header] of [
      [60, "[+] Building 0.0s (0/0)"],
      [24, "[+] Building 0.0s (0/0)"],
      [23, "[+] Building 0.0s (0/0"],
      [3, "[+"],
      [2, "["],
      [1, "["],
    ] as const
  ) {
    const { display, lines } = tty(columns);
    assertEquals(lines(display.render(1000)), [header]);
    assertEquals(lines(display.end(1000)), [header]);
  }
});

Deno.test("a terminal's builds go by the present time where no clock is given", () => {
  const before = Date.now();
  const { display } = tty();
  const now = display.now();
  assertEquals(before <= now && now <= Date.now(), true);
  const own = new TtyDisplay({
    state: new BuildState(),
    size: () => ({ columns: 60, rows: 10 }),
    color: false,
    now: () => 7,
  });
  assertEquals(own.now(), 7);
});

Deno.test("a terminal's lines have the marks and the paints of what became of a step", () => {
  for (
    const [fields, expected] of [
      [{}, ["none", / => step a +2\.0s$/]],
      [{ completed: 1500 }, ["done", / => step a +0\.5s$/]],
      [{ completed: 1049 }, ["done", / +0\.0s$/]],
      [{ completed: 1050 }, ["done", / +0\.1s$/]],
      // The engine's clock may go back.
      [{ started: 5000 }, ["none", / => step a +0\.0s$/]],
      [{ completed: 1500, cached: true }, ["done", / => CACHED step a +/]],
      [{ completed: 1500, error: "no" }, ["error", / => ERROR step a +/]],
      [{ completed: 1500, error: "x: context canceled" }, [
        "canceled",
        / => CANCELED step a +/,
      ]],
    ] as const
  ) {
    const state = new BuildState();
    state.apply(vertex("a", fields));
    const [line]: TtyLine[] = vertexLines(state.get("a")!, 3000, 40);
    assertEquals(line!.paint, expected[0]);
    assertMatch(line!.text, expected[1]);
  }
});
