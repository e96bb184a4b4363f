import {
  type DefaultsInit,
  withDefaults,
} from "../../lib/cli/buildx_defaults.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import type { DockerClient } from "../../lib/client/docker_client.ts";
import { EngineError } from "../../lib/errors.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { until } from "../support/until.ts";

const CONTAINERD = {
  DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
};
const PROVENANCE = { mode: "min", inlineOnly: true };
const { signal } = new AbortController();

/** What becomes of options, and what the engine was asked. */
async function settled(
  init: Partial<DefaultsInit>,
  engine: { info?: () => unknown; ping?: object } = {},
): Promise<{ options: unknown; asked: string }> {
  const asked: string[] = [];
  const docker = {
    ping() {
      asked.push("ping");
      return Promise.resolve({
        apiVersion: "1.51",
        gateway: false,
        ...engine.ping,
      });
    },
    info() {
      asked.push("info");
      return new Promise((resolve) =>
        resolve((engine.info ?? (() => CONTAINERD))())
      );
    },
  } as unknown as DockerClient;
  const options = await withDefaults(docker, {
    options: {},
    plan: { outputs: [], alsoImage: false },
    metadata: false,
    watching: false,
    meanwhile: () => Promise.resolve(),
    ...init,
  }, signal);
  return { options, asked: asked.join(" ") };
}

Deno.test("an engine whose API is older than containerd's store is not asked for it", async () => {
  for (
    const [apiVersion, expected] of [
      ["1.41", "ping"],
      ["1.42", "ping info"],
    ] as const
  ) {
    const { asked } = await settled({}, { ping: { apiVersion } });
    assertEquals(asked, expected);
  }
});

Deno.test("what a build needs is loaded while the engine tells its store, and waited for", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun: string[] = [];
  const options = settled({
    meanwhile() {
      begun.push("loading");
      return promise;
    },
  }, { info: () => begun.push("info") && CONTAINERD });
  await until(() => begun.length === 2, "a question and a load");
  assertEquals(begun, ["info", "loading"]);
  assertEquals(await Promise.race([options, "waits"]), "waits");
  resolve();
  await options;
});

Deno.test("an image of containerd's store gets a provenance, unless something is said of it", async () => {
  const local = { type: "local", dest: "a" } as const;
  for (
    const [init, options, asked] of [
      [{}, { attest: { provenance: PROVENANCE } }, "ping info"],
      [
        { options: { tag: "a", attest: { sbom: true } } },
        { tag: "a", attest: { sbom: true, provenance: PROVENANCE } },
        "ping info",
      ],
      [
        { options: { api: "buildkit" } },
        { api: "buildkit", attest: { provenance: PROVENANCE } },
        "ping info",
      ],
      [{ options: { api: "engine" } }, { api: "engine" }, ""],
      [
        { options: { attest: { provenance: false } } },
        { attest: { provenance: false } },
        "",
      ],
      [
        { options: { attest: { provenance: "max" } } },
        { attest: { provenance: "max" } },
        "",
      ],
      [{ plan: { outputs: [local], alsoImage: false } }, {}, ""],
      [
        { plan: { outputs: [local], alsoImage: true } },
        { attest: { provenance: PROVENANCE } },
        "ping info",
      ],
      [
        { plan: { outputs: [{ type: "moby" }], alsoImage: false } },
        { attest: { provenance: PROVENANCE } },
        "ping info",
      ],
      [
        { plan: { outputs: [{ type: "cacheonly" }], alsoImage: false } },
        {},
        "",
      ],
    ] as [Partial<DefaultsInit>, unknown, string][]
  ) {
    assertEquals(await settled(init), { options, asked });
  }
  assertEquals(await settled({}, { info: () => ({}) }), {
    options: {},
    asked: "ping info",
  });
});

Deno.test("an engine that does not tell its store gets no provenance, and other failures are told", async () => {
  const refused = new EngineError({
    status: 403,
    method: "GET",
    path: "/info",
    detail: "no",
  });
  const info = (error: Error) => () => {
    throw error;
  };
  assertEquals(await settled({}, { info: info(refused) }), {
    options: {},
    asked: "ping info",
  });
  await assertRejects(
    () => settled({}, { info: info(new Error("lost")) }),
    Error,
    "lost",
  );
});

Deno.test("metadata need BuildKit's API, and a watch leaves no records", async () => {
  const off = { options: { attest: { provenance: false as const } } };
  const { attest } = off.options;
  for (
    const [init, options] of [
      [{ metadata: true }, { attest, api: "buildkit" }],
      [{ watching: true }, { attest, history: false }],
      // The file names the record.
      [{ metadata: true, watching: true }, { attest, api: "buildkit" }],
    ] as const
  ) {
    assertEquals(await settled({ ...off, ...init }), {
      options,
      asked: "ping",
    });
    for (const ping of [{ gateway: true }, { libpodApiVersion: "4.3.1" }]) {
      assertEquals(await settled({ ...off, ...init }, { ping }), {
        options: { attest },
        asked: "ping",
      });
      assertEquals(await settled(init, { ping }), {
        options: {},
        asked: "ping",
      });
    }
    const engine = { options: { api: "engine" as const } };
    assertEquals(await settled({ ...engine, ...init }), {
      options: { api: "engine" },
      asked: "",
    });
  }
});

Deno.test("BUILDX_NO_DEFAULT_ATTESTATIONS is read as yes or no", async () => {
  const name = "BUILDX_NO_DEFAULT_ATTESTATIONS";
  const before = Deno.env.get(name);
  try {
    for (const value of ["1", "true", "T"]) {
      Deno.env.set(name, value);
      assertEquals(await settled({}), { options: {}, asked: "" });
    }
    for (const value of ["0", "false", ""]) {
      Deno.env.set(name, value);
      assertEquals((await settled({})).asked, "ping info");
    }
    for (const value of ["yes", "constructor"]) {
      Deno.env.set(name, value);
      await assertRejects(
        () => settled({}),
        UsageError,
        `${name} is "${value}": expected true or false`,
      );
      // It is read where it matters.
      await settled({ options: { attest: { provenance: "min" } } });
    }
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
});
