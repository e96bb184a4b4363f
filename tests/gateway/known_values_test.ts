import type { BuildMask } from "../../lib/imagebuild/mask.ts";
import { TRACE } from "../../lib/imagebuild/ways/engine_messages.ts";
import type {
  BuildMessage,
  TraceMessage,
} from "../../lib/imagebuild/message.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { masked } from "../imagebuild/masked.ts";
import { randomBytes } from "../support/digest.ts";

/** A slice of what a step of BuildKit's prints. */
function log(text: string): BuildMessage {
  const status = {
    vertexes: [],
    statuses: [],
    logs: [{
      vertex: "sha256:0",
      timestamp: { seconds: 1, nanos: 0 },
      stream: 1,
      data: new TextEncoder().encode(text),
    }],
    warnings: [],
  };
  return { id: TRACE, aux: encodeTrace(status) } as TraceMessage;
}

const signal = new AbortController().signal;
const begin = (known: KnownValues, ...values: string[]) =>
  known.begin(values.map((value) => new Secret(value)), signal);

Deno.test("every build's answer is masked with the values of all that run beside it", async () => {
  const known = new KnownValues(1000, false);
  using none = await begin(known);
  const a = await begin(known, "secret-a");
  using b = await begin(known, "secret-b", "secret-a");
  for (const { mask } of [none, a, b]) {
    assertEquals(mask.text("secret-a secret-b"), "*** ***");
  }
  assert(a.holds("x secret-a"));
  assert(!a.holds("secret-b"), "it would tell of another's secret");
  assert(!none.holds("secret-a"));
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  using c = await begin(known, "secret-c");
  assertEquals(c.mask.text("secret-a secret-c"), "*** ***");
});

Deno.test("the values of a build that ended stay masked while one runs that ran beside it", async () => {
  const known = new KnownValues(100_000, false);
  const first = await begin(known);
  (await begin(known, "secret-a"))[Symbol.dispose]();
  using second = await begin(known, "secret-c");
  assertEquals(second.mask.text("secret-a"), "***");
  assertEquals(known.mask.text("secret-a"), "***");
  first[Symbol.dispose]();
  // No step of it can have gone on with another client.
  using third = await begin(known, "secret-d");
  assertEquals(third.mask.text("secret-a secret-d"), "secret-a ***");
});

Deno.test("where steps are shared, a value stays masked over any chain of builds, and any amount of other values", async () => {
  const limit = 40_000;
  const known = new KnownValues(limit, true);
  let running = await begin(known, "secret-of-the-first");
  let refused = 0;
  // Each overlaps with the one before alone.
  for (let i = 0; i < 8; i++) {
    const value = `${i}${randomBytes(4500).toHex()}`;
    const next = await begin(known, value).catch((error) => {
      assertEquals(error.status, 503);
      refused++;
      return begin(known);
    });
    running[Symbol.dispose]();
    running = next;
    assertEquals(running.mask.text("secret-of-the-first"), "***");
  }
  // What can't be masked does not run.
  assertEquals(refused, 4);
  running[Symbol.dispose]();
  using alone = await begin(known, randomBytes(19_000).toHex());
  assertEquals(alone.mask.text("secret-of-the-first"), "secret-of-the-first");
});

Deno.test("a value that was masked before is taken again, however many there are", async () => {
  const known = new KnownValues(20, true);
  using _first = await begin(known);
  for (let i = 0; i < 3; i++) {
    using same = await begin(known, "0123456789abcdefghij");
    assertEquals(same.mask.text("0123456789abcdefghij"), "***");
  }
});

/** The secrets of others, and texts that hold their beginnings, in several forms. */
const OTHERS = ["ghp_0123456789abcdef", "first-line-of-it\nsecond-line-of-it"];

function* beginnings(): Generator<string> {
  for (const value of OTHERS) {
    const forms = [
      value,
      btoa(value),
      btoa(`ab${value}`),
      new TextEncoder().encode(value).toHex(),
      encodeURIComponent(value),
      JSON.stringify(value),
      [...value].map((c) => `%${c.charCodeAt(0).toString(16)}`).join(""),
    ];
    for (const [at, form] of forms.entries()) {
      // Each of the value itself, and some of each form.
      const step = at === 0 ? 1 : 7;
      for (let length = 1; length < form.length; length += step) {
        yield form.slice(0, length);
      }
    }
  }
}

for (
  const [builder, output, printed] of [
    [
      "BuildKit",
      (text: string) => log(text),
      (message: BuildMessage) =>
        "trace" in message
          ? (message as TraceMessage).trace.logs.map(({ data }) =>
            new TextDecoder().decode(data)
          )
            .join("")
          : "",
    ],
    [
      "the classic builder",
      (stream: string) => ({ stream }),
      (message: BuildMessage) => message.stream ?? "",
    ],
  ] as const
) {
  Deno.test(`no slice of what a step of ${builder} prints waits because it begins a secret of another's`, async () => {
    const known = new KnownValues(10_000, false);
    const bait = "secret-of-the-first";
    using _victim = await begin(known, ...OTHERS, bait);
    // What stands with it there is no secret of the one that has it, too.
    for (const own of [[], ["secret-of-its-own"], [bait]]) {
      const alone = new KnownValues(10_000, false);
      const given = async (known: KnownValues, text: string) => {
        using build = await begin(known, ...own);
        return masked(build.mask, output(text)).map(printed).join("");
      };
      for (const beginning of beginnings()) {
        // A whole line counts as a value.
        if (known.mask.text(beginning) !== beginning) continue;
        assertEquals(
          await given(known, beginning),
          await given(alone, beginning),
        );
      }
      assertEquals(await given(known, `is ${OTHERS[0]}.`), "is ***.");
    }
  });
}

Deno.test("a slice waits for the sake of a build's own secret, and of all where steps are shared", async () => {
  for (const shareSteps of [false, true]) {
    const known = new KnownValues(10_000, shareSteps);
    using _other = await begin(known, "secret-of-another");
    using build = await begin(known, "token-of-its-own");
    using none = await begin(known);
    const slices = (mask: BuildMask, ...texts: string[]) =>
      texts.map((stream) => {
        const [message] = masked(mask, { stream });
        return message!.stream;
      });
    assertEquals(slices(build.mask, "is token-of", "-its-own."), [
      "is ",
      "***.",
    ]);
    assertEquals(
      slices(none.mask, "is secret-of", "-another."),
      shareSteps ? ["is ", "***."] : ["is secret-of", "-another."],
    );
  }
});

Deno.test("values that builds have in common are kept once more at the most", async () => {
  const known = new KnownValues(200, false);
  const builds: Disposable[] = [];
  // 20 bytes in common, and 10 of each's own.
  for (let i = 0; i < 16; i++) {
    builds.push(
      await begin(known, "0123456789abcdefghij", `own-${i}-----`.slice(0, 10)),
    );
  }
  await assertRejects(() => begin(known, "0123456789abcdefghij", "one-more-"));
  for (const build of builds) build[Symbol.dispose]();
  assert(known.empty);
});

Deno.test("all values go with the last build", async () => {
  const known = new KnownValues(1000, true);
  assert(known.empty);
  const build = await begin(known, "secret-of-the-last");
  assert(!known.empty);
  build[Symbol.dispose]();
  assert(known.empty);
  using alone = await begin(known);
  assertEquals(alone.mask.text("secret-of-the-last"), "secret-of-the-last");
});

Deno.test("more values than are masked are refused; a value that two builds have counts once", async () => {
  const known = new KnownValues(20, false);
  const a = await begin(known, "0123456789");
  using _same = await begin(known, "0123456789", "abcdefghij");
  const refusal = await begin(known, "more").catch((error) => error);
  assert(refusal instanceof Refusal);
  assertEquals([refusal.status, refusal.headers], [503, [[
    "Retry-After",
    "5",
  ]]]);
  using _none = await begin(known);
  a[Symbol.dispose]();
});

Deno.test("a build that nobody waits for any more does not wait for its masks, nor leaves a value", async () => {
  const known = new KnownValues(1_000_000, false);
  const controller = new AbortController();
  const large = randomBytes(100_000);
  const beginning = known.begin([new Secret(large)], controller.signal);
  const reason = new Error("gone");
  controller.abort(reason);
  assertEquals(await assertRejects(() => beginning), reason);
  using next = await begin(known, "secret-a");
  assertEquals(next.mask.text("secret-a"), "***");
});

/** Begins a build that is given up while its values are compiled. */
async function abandon(known: KnownValues, ...values: Uint8Array[]) {
  const controller = new AbortController();
  const beginning = known.begin(
    values.map((value) => new Secret(value)),
    controller.signal,
  );
  controller.abort(new Error("gone"));
  await assertRejects(() => beginning, Error, "gone");
}

Deno.test("the values of a build that nobody waits for count no more", async () => {
  const known = new KnownValues(150_000, false);
  using _other = await begin(known);
  await abandon(known, randomBytes(100_000));
  const value = randomBytes(50_000).toHex();
  using next = await begin(known, value);
  assertEquals(next.mask.text(value), "***");
});

Deno.test("who has the values of a build that nobody waits for is masked as ever, beside it or behind it", async () => {
  const value = randomBytes(30_000).toHex();
  const bytes = new TextEncoder().encode(value);
  const known = new KnownValues(1_000_000, false);
  using _other = await begin(known);
  const beside = begin(known, value);
  await abandon(known, bytes);
  {
    using build = await beside;
    assertEquals(build.mask.text(value), "***");
  }
  const again = new KnownValues(1_000_000, false);
  using _older = await begin(again);
  await abandon(again, bytes);
  using behind = await begin(again, value);
  assertEquals(behind.mask.text(value), "***");
});

Deno.test("a build begins and is masked while another's values are still compiled", async () => {
  const known = new KnownValues(1_000_000, false);
  using first = await begin(known, "secret-of-the-first");
  const value = randomBytes(50_000).toHex();
  let isCompiled = false;
  const slow = begin(known, value).finally(() => isCompiled = true);
  using quick = await begin(known, "secret-of-the-quick");
  assertEquals(isCompiled, false);
  const text = "secret-of-the-first secret-of-the-quick";
  for (const { mask } of [first, quick, known]) {
    assertEquals(mask.text(text), "*** ***");
  }
  using build = await slow;
  for (const { mask } of [first, quick, known, build]) {
    assertEquals(mask.text(`${text} ${value}`), "*** *** ***");
  }
});

Deno.test("nobody waits for the values of builds that were given up", async () => {
  const large = () => randomBytes(60_000);
  const time = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  // Compared with what it would be waited for: several times as long as one of them.
  const ratios: number[] = [];
  while (ratios.length < 3) {
    const known = new KnownValues(10_000_000, false);
    using _other = await begin(known);
    const one = await time(async () => {
      using _build = await known.begin([new Secret(large())], signal);
    });
    for (let count = 0; count < 5; count++) await abandon(known, large());
    const next = await time(async () => {
      using _build = await begin(known, randomBytes(2500).toHex());
    });
    if (next < one * 2) return;
    ratios.push(next / one);
  }
  throw new Error(`It took ${ratios.join(", ")} times as long as one of them`);
});

Deno.test("a build holds a value also where a longer one of its own begins in the same way", async () => {
  const known = new KnownValues(1000, false);
  using build = await begin(known, "secret-a", "secret-a-longer");
  for (const text of ["secret-a", "secret-a-long", "x secret-a-longer"]) {
    assert(build.holds(text), text);
  }
  assert(!build.holds("secret-"));
});
