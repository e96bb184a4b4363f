import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { tarOf } from "../support/tar.ts";
import { newKey, newToken } from "./keys.ts";
import { type Leak, LEAKS, type LeakValues } from "./leaks.ts";

const PARALLEL = 4;

/** Builds it, without a word of davit's own about secrets. */
async function build(
  { docker }: EngineContext,
  { lines, files, buildargs }: Leak,
  values: LeakValues,
  secrets: Record<string, string>,
): Promise<string> {
  const dockerfile = [
    `FROM davit-test/base\n${SALT}`,
    "RUN --mount=type=secret,id=t,required=true sha256sum /run/secrets/t > /sum",
    ...lines(values),
  ];
  // The first step is of the engine's cache, but for the first image.
  const order = [dockerfile[0]!, ...dockerfile.slice(2), dockerfile[1]!];
  const given = buildargs?.(values);
  return await docker.imageBuild(
    tarOf({ Dockerfile: `${order.join("\n")}\n`, ...files?.(values) }),
    {
      networkmode: "none",
      // Engines of 26 take layers of an earlier build where all that differs was
      // deleted again: the leak of one would be in its twin.
      nocache: true,
      tag: `davit-leak:${crypto.randomUUID()}`,
      // What is written openly is refused, unless nobody knows that it is secret.
      secrets: order.join("\n").includes(values.token) || given !== undefined
        ? { t: "unknown" }
        : secrets,
      ...(given === undefined ? {} : { buildargs: given }),
    },
  ).wait();
}

engineTest(
  "each way to leak a secret is found, and its twin with another secret gives no find",
  async (engine) => {
    const { docker } = engine;
    const secrets = {
      t: newToken(),
      k: await newKey(),
      t2: newToken(),
      k2: await newKey(),
    };
    const own = {
      token: secrets.t,
      key: secrets.k,
      ids: { token: "t", key: "k" },
    };
    const other = {
      token: secrets.t2,
      key: secrets.k2,
      ids: { token: "t2", key: "k2" },
    };
    const wanted = { t: secrets.t, k: secrets.k };
    const wrong: string[] = [];
    const left = [...LEAKS];
    const images: string[] = [];
    const work = async () => {
      for (let leak = left.pop(); leak !== undefined; leak = left.pop()) {
        const image = await build(engine, leak, own, secrets);
        const twin = await build(engine, leak, other, secrets);
        images.push(image, twin);
        const { finds, unreadable } = await docker.imageVerifySecrets(
          image,
          wanted,
        );
        const told = Deno.inspect(finds);
        const fits = finds.some((find) =>
          Object.entries(leak.find).every(([name, value]) => {
            const given = find[name as keyof typeof find];
            return value instanceof RegExp
              ? value.test(String(given))
              : given === value;
          })
        );
        if (!fits) wrong.push(`${leak.name}: ${told}`);
        assertFalse(
          [secrets.t, secrets.k.slice(70, 90)].some((s) => told.includes(s)),
          leak.name,
        );
        assertEquals(unreadable, []);
        const clean = await docker.imageVerifySecrets(twin, wanted);
        assertEquals(clean.finds, [], leak.name);
        assert(clean.bytes > 1_000_000);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    assertEquals(wrong, []);
    for (const image of images) {
      await docker.imageRemove(image, { force: true });
    }
  },
);
