import { assertEquals, assertRejects } from "../support/assert.ts";
import { passOn } from "../../lib/streams/pass_on.ts";

/** Pieces that are read when the test says so; tells what was taken of them. */
function pieces() {
  const asked: PromiseWithResolvers<{ done?: boolean; value?: string }>[] = [];
  const reasons: unknown[] = [];
  return {
    reader: {
      read() {
        asked.push(Promise.withResolvers());
        return asked.at(-1)!.promise;
      },
      cancel(reason?: unknown) {
        reasons.push(reason);
        return Promise.resolve();
      },
    },
    asked,
    reasons,
  };
}

/** A stream that is passed on, and everything that its watcher is told. */
function watched(
  fault: { onPiece?: Error; onEnd?: Error; failure?: Error } = {},
) {
  const told: unknown[] = [];
  const source = pieces();
  const passed = passOn(source.reader, {
    onPiece(piece) {
      told.push(piece);
      if (fault.onPiece) throw fault.onPiece;
    },
    onEnd() {
      told.push("end");
      if (fault.onEnd) throw fault.onEnd;
    },
    onFailure(error) {
      told.push(error);
      return fault.failure ?? error;
    },
  });
  return { ...source, told, passed, taker: passed.stream.getReader() };
}

/** Lets everything happen that does not wait for anything. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("passOn() passes pieces on one by one, each told before it is taken", async () => {
  const { asked, reasons, told, passed, taker } = watched();
  await settled();
  assertEquals(asked.length, 0, "it was read before somebody wanted it");
  const first = taker.read();
  await settled();
  asked[0]!.resolve({ value: "a" });
  assertEquals(await first, { done: false, value: "a" });
  assertEquals([told, asked.length], [["a"], 1]);
  const end = taker.read();
  await settled();
  asked[1]!.resolve({ done: true });
  assertEquals((await end).done, true);
  assertEquals(told, ["a", "end"]);
  // It has ended: nobody gives it up any more.
  passed.giveUp("late");
  await taker.cancel("late");
  assertEquals([passed.isGivenUp, reasons], [false, []]);
});

Deno.test("passOn() waits for a watcher that takes its time", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { reader, asked } = pieces();
  const taker = passOn(reader, { onPiece: () => promise }).stream.getReader();
  let isTaken = false;
  const read = taker.read().then(() => isTaken = true);
  await settled();
  asked[0]!.resolve({ value: "a" });
  await settled();
  assertEquals(isTaken, false);
  resolve();
  await read;
});

Deno.test("a stream that fails tells it once, and its reader gets the watcher's error", async () => {
  const gone = new Error("the disk is gone");
  for (const failure of [undefined, new Error("the image was cut off")]) {
    const { asked, reasons, told, passed, taker } = watched(
      failure === undefined ? {} : { failure },
    );
    const read = taker.read();
    await settled();
    asked[0]!.reject(gone);
    assertEquals(await read.catch((error) => error), failure ?? gone);
    passed.giveUp();
    await taker.cancel().catch(() => {});
    assertEquals([told, reasons, passed.isGivenUp], [[gone], [], false]);
  }
});

Deno.test("a watcher that refuses a piece, or the end, cancels the source", async () => {
  const refused = new Error("this is no tar");
  for (
    const [fault, last] of [
      [{ onPiece: refused }, { value: "a" }],
      [{ onEnd: refused }, { done: true }],
    ] as const
  ) {
    const { asked, reasons, told, taker } = watched(fault);
    const read = taker.read();
    await settled();
    asked[0]!.resolve(last);
    await assertRejects(() => read, Error, "this is no tar");
    assertEquals(told.at(-1), refused);
    assertEquals(reasons, [refused]);
  }
});

/** How a stream is given up, and what its source does afterwards. */
const LEAVES = {
  "its reader cancels it": ({ taker }: ReturnType<typeof watched>) =>
    taker.cancel("answered"),
  "it is given up": ({ passed }: ReturnType<typeof watched>) =>
    passed.giveUp("answered"),
};
const LATE = {
  "ends": ({ asked }: ReturnType<typeof watched>) =>
    asked[0]!.resolve({ done: true }),
  "gives one more piece": ({ asked }: ReturnType<typeof watched>) =>
    asked[0]!.resolve({ value: "a" }),
  "fails": ({ asked }: ReturnType<typeof watched>) =>
    asked[0]!.reject(new Error("late")),
};
for (const [how, leave] of Object.entries(LEAVES)) {
  for (const [late, end] of Object.entries(LATE)) {
    Deno.test(`passOn() tells nothing when ${how} and the source then ${late}`, async () => {
      const all = watched();
      const read = all.taker.read();
      await settled();
      await leave(all);
      // The reading ends at once, whatever the source does.
      assertEquals((await read).done, true);
      end(all);
      await settled();
      assertEquals(all.told, []);
      assertEquals([all.reasons, all.passed.isGivenUp], [["answered"], true]);
      assertEquals((await all.taker.read()).done, true);
      assertEquals(all.asked.length, 1);
    });
  }
}

Deno.test("passOn() tells nothing of a piece that was being looked at when the stream was given up", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  const { reader, asked } = pieces();
  const passed = passOn(reader, {
    onPiece: () => promise,
    onFailure: (error) => failures.push(error),
  });
  const taker = passed.stream.getReader();
  const read = taker.read();
  await settled();
  asked[0]!.resolve({ value: "a" });
  await settled();
  passed.giveUp();
  reject(new Error("this is no tar"));
  assertEquals((await read).done, true);
  await settled();
  assertEquals(failures, []);
});

Deno.test("a stream that nobody has read is cancelled when it is given up", () => {
  const { reasons, asked, passed } = watched();
  passed.giveUp("never asked for");
  passed.giveUp("again");
  assertEquals([reasons, asked.length], [["never asked for"], 0]);
});
