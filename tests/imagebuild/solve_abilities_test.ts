import { engineHost } from "../../lib/imagebuild/host.ts";
import { Capabilities } from "../../lib/buildkit/capabilities.ts";
import type { Control } from "../../lib/buildkit/control.ts";
import { Engine } from "../../lib/engine/engine.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { checkRequest } from "./request.ts";
import { checkAbilities } from "../../lib/imagebuild/ways/solve_abilities.ts";
import { UnsupportedError } from "../../mod.ts";
import { ScriptedEngine } from "../engine/scripted_engine.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** What can't be done without each of BuildKit's abilities. */
const NEEDED: readonly (readonly [
  options: ImageBuildOptions,
  feature: string,
  id: string,
  instead: string,
])[] = [
  [
    { outputs: [{ type: "moby" }, { type: "tar", dest: "/tmp/a.tar" }] },
    "several outputs",
    "exporter.multiple",
    "build again for each output, which the cache makes cheap",
  ],
  [
    { attest: { sbom: true } },
    "attest",
    "exporter.image.attestations",
    "leave it out",
  ],
  [
    { annotations: { a: "b" } },
    "annotations",
    "exporter.image.annotations",
    "take labels",
  ],
  [
    { sourcePolicy: { rules: [] } },
    "sourcePolicy",
    "source.policy",
    "leave it out, and name the images by their digests",
  ],
  [
    { sourceDateEpoch: 0 },
    "sourceDateEpoch",
    "exporter.sourcedateepoch",
    "leave it out",
  ],
  [
    { cgroupparent: "a" },
    "cgroupparent",
    "exec.meta.cgroup.parent",
    "leave it out",
  ],
];

const ALL = NEEDED.map(([, , id]) => id);

/** Checks builds against a BuildKit that can do some things. */
function buildKit(...enabled: readonly string[]) {
  const host = engineHost(new Engine(new ScriptedEngine(() => new Response())));
  let asked = 0;
  const capabilities = new Capabilities(
    ALL.map((id) => ({
      id,
      enabled: enabled.includes(id),
      deprecated: false,
      disabledReason: "",
      disabledReasonText: "switched off",
      disabledAlternative: "",
    })),
  );
  const control = {
    solve: (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      ),
    ping: () => {
      asked++;
      return Promise.resolve(capabilities);
    },
  } as unknown as Control;
  const stop = new AbortController().signal;
  return {
    asked: () => asked,
    check: (options: ImageBuildOptions) =>
      checkAbilities({
        host,
        stop,
        request: checkRequest(options, {
          kind: "tar",
          stream: new ReadableStream(),
        }),
      }, control),
  };
}

Deno.test("what BuildKit would ignore is refused, each thing by its own ability", async () => {
  for (const [options, feature, id, instead] of NEEDED) {
    await buildKit(id).check(options);
    const { check } = buildKit(...ALL.filter((other) => other !== id));
    const error = await assertRejects(() => check(options), UnsupportedError);
    assertEquals(error.feature, feature);
    assertEquals(
      error.message,
      `Cannot build with ${feature}: BuildKit of this engine can't do that (switched off); ${instead}, or use a newer engine`,
    );
  }
});

Deno.test("BuildKit is asked only where something depends on it, and once", async () => {
  const { asked, check } = buildKit(...ALL);
  for (
    const options of [
      {},
      { api: "buildkit" },
      { outputs: { type: "tar", dest: "/tmp/a.tar" } },
      { outputs: [] },
      { attest: { provenance: false } },
      { attest: { provenance: { inlineOnly: true } } },
      { allow: "device", history: false, nocachefilter: "a" },
      { platform: ["linux/amd64", "linux/arm64"] },
    ] as ImageBuildOptions[]
  ) await check(options);
  assertEquals(asked(), 0);
  await check({ attest: { provenance: { inlineOnly: true }, sbom: true } });
  for (const [options] of NEEDED) await check(options);
  assertEquals(asked(), 1);
});
