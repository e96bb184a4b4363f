/** A registry that sends nothing any more, and closes nothing. */
import { bodyOf } from "../../lib/registry/body.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { until } from "../support/until.ts";
import { scriptedRegistry } from "./scripted_registry.ts";

Deno.test("a body of which nothing comes for a minute is given up, whatever came before", async () => {
  let cancelled = 0;
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const response = new Response(
    new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: () => void cancelled++,
    }),
  );
  using clock = new StandingClock();
  const broken = new Error("broken off");
  const reading = bodyOf(response, () => broken);
  const first = reading.next();
  await clock.pass(59_000);
  controller!.enqueue(new Uint8Array([1]));
  assertEquals((await first).value, new Uint8Array([1]));
  // Time in which nobody reads does not count.
  await clock.pass(200_000);
  assertEquals(clock.waits, []);
  const second = reading.next().catch((error) => error);
  await clock.pass(59_999);
  assertEquals(clock.waits, [1]);
  await clock.pass(1);
  assertEquals(await second, broken);
  assertEquals([clock.waits, cancelled], [[], 1]);
});

Deno.test("a body that is read in part is given back, and one that ends leaves no timer", async () => {
  let cancelled = 0;
  const response = () =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array([1])),
        cancel: () => void cancelled++,
      }),
    );
  const fail = () => new Error("none");
  for await (const _bytes of bodyOf(response(), fail)) break;
  assertEquals(cancelled, 1);
  assertEquals(
    (await Array.fromAsync(bodyOf(new Response("abc"), fail))).length,
    1,
  );
  assertEquals(await Array.fromAsync(bodyOf(new Response(null), fail)), []);
});

Deno.test("a registry that takes a whole upload and does not answer is given up in a minute", async () => {
  let taken = 0;
  let isTaken = false;
  await using registry = scriptedRegistry(async (request, path) => {
    if (request.method === "HEAD") return new Response(null, { status: 404 });
    if (request.method === "DELETE") return new Response();
    if (request.method === "POST") {
      return new Response(null, {
        status: 202,
        headers: { location: `${path}upload` },
      });
    }
    for await (const chunk of request.body!) taken += chunk.length;
    isTaken = true;
    return await new Promise<Response>((resolve) =>
      request.signal.addEventListener("abort", () => resolve(new Response()))
    );
  });
  const bytes = new TextEncoder().encode("a layer");
  const digest = `sha256:${await sha256(bytes)}`;
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const real = globalThis.setTimeout;
  const late: (() => void)[] = [];
  // The timer of the answer is the one that is tried here.
  globalThis.setTimeout = ((run: () => void, ms = 0) => {
    if (ms !== 60_000) return real(run, ms);
    late.push(run);
    return real(() => {}, 0);
  }) as typeof setTimeout;
  try {
    const put = assertRejects(
      () =>
        repository.putBlob(
          { digest, size: bytes.length },
          () => Promise.resolve(ReadableStream.from([bytes])),
        ),
      RegistryError,
      "No answer of the registry",
    );
    await until(() => isTaken, "the upload was taken");
    assertEquals(taken, bytes.length);
    await until(() => late.length >= 3, "its answer is waited for");
    late.at(-1)!();
    await put;
  } finally {
    globalThis.setTimeout = real;
  }
  assert(
    registry.requests.some(({ method }) => method === "DELETE"),
    "the upload is given up",
  );
});
