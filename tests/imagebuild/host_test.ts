/** What builds, before it is asked anything. */
import type { BuildkitHost } from "../../lib/buildkit/host.ts";
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { Engine } from "../../lib/engine/engine.ts";
import {
  daemonHost,
  engineHost,
  engineTakes,
} from "../../lib/imagebuild/host.ts";
import { assertEquals } from "../support/assert.ts";

const { signal } = new AbortController();
const MIB = 1024 * 1024;

function engineAt(endpoint: string, api = "1.51"): Engine {
  return new Engine({
    endpoint,
    fetch: () =>
      Promise.resolve(new Response("OK", { headers: { "api-version": api } })),
    close() {},
  });
}

Deno.test("an engine keeps images, and is plain where its address is", async () => {
  for (
    const [endpoint, isHere, isPlain] of [
      ["unix:///d.sock", true, false],
      ["tcp://127.0.0.1:2375", true, false],
      ["tcp://far.example:2375", false, true],
      ["http://far.example", false, true],
      ["https://far.example:2376", false, false],
      ["ssh://far.example", false, false],
    ] as const
  ) {
    const engine = engineAt(endpoint);
    const host = engineHost(engine);
    assertEquals(
      [host.where, host.isHere, host.isPlain, host.keepsImages],
      [endpoint, isHere, isPlain, true],
    );
    const met = await host.meet(signal);
    assertEquals(met.engine === engine, true);
    assertEquals(met.facts?.negotiated, "1.51");
    assertEquals(await host.buildkit() === buildkitOf(engine), true);
  }
});

Deno.test("what an engine takes depends on its age", () => {
  const of = (api: string) =>
    Object.values(engineTakes({ apiVersion: api, negotiated: api }));
  assertEquals(of("1.41"), [4 * MIB - 5, false, false]);
  assertEquals(of("1.42"), [4 * MIB - 5, true, true]);
  assertEquals(of("1.44"), [4 * MIB - 5, true, true]);
  assertEquals(of("1.45"), [16 * MIB - 5, true, true]);
  // Folders of another session depend on the API that is spoken.
  assertEquals(
    engineTakes({ apiVersion: "1.51", negotiated: "1.41" }).foreignFolders,
    false,
  );
});

Deno.test("a daemon keeps no images, and takes what BuildKit takes today", async () => {
  const daemon = {
    where: "tcp://far.example:1234",
    isHere: false,
    isPlain: true,
  } as BuildkitHost & { isHere: boolean; isPlain: boolean };
  const host = daemonHost(daemon);
  assertEquals(
    [host.where, host.isHere, host.isPlain, host.keepsImages],
    ["tcp://far.example:1234", false, true, false],
  );
  assertEquals(await host.meet(signal), {
    takes: {
      secretBytes: 16 * MIB - 5,
      expandedIds: true,
      foreignFolders: true,
    },
  });
  assertEquals(await host.buildkit(), daemon);
});
