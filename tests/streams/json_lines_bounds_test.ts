import { ConnectionError, ProtocolError } from "../../lib/errors.ts";
import { jsonLines, MAX_LINE_LENGTH } from "../../lib/streams/json_lines.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { until } from "../support/until.ts";

const encoder = new TextEncoder();

async function read(...parts: string[]): Promise<unknown[]> {
  const bytes = parts.map((part) => encoder.encode(part));
  return await Array.fromAsync(jsonLines(ReadableStream.from(bytes)));
}

Deno.test("jsonLines() takes a line of 32 Mi characters, and none that is longer", async () => {
  assertEquals(MAX_LINE_LENGTH, 33_554_432);
  const piece = "x".repeat(1024 * 1024 - 1);
  /** A text as JSON, of so many characters, in pieces with a line before it. */
  const line = (length: number) => {
    const parts = ['1\n"'];
    for (let left = length - 2; left > 0; left -= piece.length) {
      parts.push(piece.slice(0, left));
    }
    return [...parts, '"'];
  };
  const [one, text] = await read(...line(MAX_LINE_LENGTH), "\n2\n") as string[];
  assertEquals([one as unknown, text!.length], [1, MAX_LINE_LENGTH - 2]);
  const [first, ...others] = line(MAX_LINE_LENGTH);
  const [alone] = await read(first!.slice(2), ...others) as string[];
  assertEquals(alone!.length, MAX_LINE_LENGTH - 2);
  const long = line(MAX_LINE_LENGTH + 1);
  for (
    const parts of [
      [...long, "\n"],
      long,
      // What is too much comes with the line's end.
      [...long.slice(0, -1), '"\n'],
    ]
  ) {
    const error = await assertRejects(() => read(...parts), ProtocolError);
    assertEquals(
      error.message,
      `Line 2 of the answer is longer than ${MAX_LINE_LENGTH} characters`,
    );
  }
});

Deno.test("jsonLines() tells a cut line from one that is none, by its number", async () => {
  for (
    const [parts, words] of [
      [['{"a"'], "ends in the middle of message 1:"],
      [["1\n", '{"a"'], "ends in the middle of message 2:"],
      [["1\n\n", '{"a"'], "ends in the middle of message 3:"],
      [["1\n2", "\n{"], "ends in the middle of message 3:"],
      [["x\n"], "Line 1 of the answer (1 characters) is not JSON"],
      [["1\nxyz\n{"], "Line 2 of the answer (3 characters) is not JSON"],
      [["1\n{\n"], "Line 2 of the answer (1 characters) is not JSON"],
      [["1\n{\r\n"], "Line 2 of the answer (1 characters) is not JSON"],
    ] as const
  ) {
    const error = await assertRejects(() => read(...parts), ProtocolError);
    assert(error.message.includes(words), `${words}: ${error.message}`);
    assertEquals(error.cause, undefined);
  }
  assertEquals(await read(""), []);
  assertEquals(await read("\n", " \t\n", "1"), [1]);
  assertEquals(await read("null\nfalse\n0"), [null, false, 0]);
});

Deno.test("jsonLines() reads nothing for a signal that is aborted already", async () => {
  const reason = new Error("enough");
  const silent = new ReadableStream<Uint8Array>();
  const lines = jsonLines(silent, { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => lines.next()), reason);
});

Deno.test("jsonLines() counts the messages before a connection broke", async () => {
  const cause = new TypeError("reset");
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode("1\n2\n"));
    },
    pull(controller) {
      controller.error(cause);
    },
  }, { highWaterMark: 0 });
  const seen: unknown[] = [];
  const error = await assertRejects(async () => {
    for await (const value of jsonLines(stream)) seen.push(value);
  }, ConnectionError);
  assert(
    error.message.includes(`after ${seen.length} messages of the answer`),
    error.message,
  );
  assert(error.cause === cause);
});

Deno.test("jsonLines() takes its hand off the signal, and leaves no stream open", async () => {
  for (const way of ["read", "left", "broken"]) {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...given: unknown[]) => {
      listeners++;
      addEventListener.apply(signal, given as never);
    };
    signal.removeEventListener = (...given: unknown[]) => {
      listeners--;
      removeEventListener.apply(signal, given as never);
    };
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(encoder.encode(way === "broken" ? "x\n" : "1\n2\n"));
        if (way === "read") controller.close();
      },
      cancel() {
        cancelled = true;
      },
    });
    try {
      for await (const value of jsonLines(stream, { signal })) {
        assertEquals(listeners, 1);
        if (way === "left") break;
        assert(value !== undefined);
      }
    } catch (error) {
      assert(way === "broken" && error instanceof ProtocolError);
    }
    assertEquals([way, listeners], [way, 0]);
    if (way === "read") assert(!cancelled);
    else await until(() => cancelled, "cancelled, through the pipes");
  }
});
