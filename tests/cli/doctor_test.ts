import { assertEquals, assertMatch } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { OLDEST_DENO } from "../../lib/deno_version.ts";
import { GATEWAY_HEADER } from "../../lib/engine/ping_headers.ts";
import { sha256 } from "../support/digest.ts";
import { replaced } from "../exporter/scratch.ts";
import { davitHere } from "./in_process.ts";
import { pong, startScripted } from "./scripted.ts";

const VERSION = {
  to: /^GET \/version$/,
  json: { Version: "28.5.2", ApiVersion: "1.51", Os: "linux", Arch: "riscv" },
};

/** What doctor prints, a line each. */
async function doctor(
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; lines: string[] }> {
  const { code, stdout, stderr } = await davitHere(["doctor", ...words], {
    env,
  });
  assertEquals(stderr, "");
  return { code, lines: new TextDecoder().decode(stdout).split("\n") };
}

const DENO = `✓ Deno ${Deno.version.deno}: ${OLDEST_DENO} or newer is needed`;
const PERMISSIONS = "✓ permissions: all for a build of this folder";

Deno.test("doctor goes on behind what fails, and tells what each failure comes from", async () => {
  // No session: a build whose Dockerfile is to be fetched fails.
  await using engine = await startScripted([VERSION]);
  const { code, lines } = await doctor(["-H", engine.host]);
  assertEquals(code, 1);
  assertEquals(lines[0], DENO);
  assertEquals(lines.filter((line) => !line.startsWith("  ")).slice(1, 4), [
    `✓ engine: ${engine.host}, by --host`,
    PERMISSIONS,
    "✓ Docker 28.5.2 on linux/riscv, API 1.47",
  ]);
  assertMatch(lines.join("\n"), /\n✗ .*\n {2}\S/);
  assertEquals(lines.at(-1), "");
});

Deno.test("doctor of an engine that is not there", async () => {
  const host = "unix:///none/docker.sock";
  const { code, lines } = await doctor([], { DOCKER_HOST: host });
  assertEquals(code, 1);
  const own = lines.filter((line) => !line.startsWith("  before Deno"));
  assertEquals(own.slice(0, 3), [
    DENO,
    `✓ engine: ${host}, by DOCKER_HOST`,
    PERMISSIONS,
  ]);
  assertMatch(own[3]!, /^✗ .*none\/docker\.sock/);
  // What it comes from stands below it.
  assertMatch(own[4]!, /^ {2}\S/);
  assertEquals(own.slice(5), [""]);
});

Deno.test("the engine of a builder's container is not there: doctor names the node, and rm what may be left", async () => {
  await withTempFolder(async (folder) => {
    const host = `unix://${folder}/no.sock`;
    await writeTree(folder, {
      "buildx/instances/away": JSON.stringify({
        Name: "away",
        Driver: "docker-container",
        Nodes: [{ Name: "away0", Endpoint: host }],
      }),
    });
    const env = { BUILDX_CONFIG: `${folder}/buildx`, DOCKER_CONFIG: folder };
    const { code, lines } = await doctor(["--builder=away"], env);
    assertEquals([code, ...lines.slice(3, 6)], [
      1,
      `✗ node away0 at ${host}: No engine at ${host}: no such socket; start the engine or set DOCKER_HOST to its address`,
      "  No such file or directory (os error 2)",
      "✓ no other engine is needed, but for --load",
    ]);
    const removed = await davitHere(["builder", "rm", "away"], { env });
    assertEquals(removed.code, 1);
    assertMatch(
      removed.stderr,
      /^failed to remove away: its file is gone, but a container of it may be left: No engine at unix:/,
    );
    const left = Array.fromAsync(Deno.readDir(`${folder}/buildx/instances`));
    assertEquals(await left, []);
  });
});

Deno.test("doctor does not wait for ever for an engine that takes the connection and says nothing", async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/engine.sock`;
    const engine = Deno.listen({ transport: "unix", path });
    const connections: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of engine) connections.push(connection);
    })();
    const { setTimeout } = globalThis;
    using _patience = replaced(
      globalThis,
      "setTimeout",
      () =>
        ((run: () => void, time?: number) =>
          setTimeout(run, time === 30_000 ? 0 : time)) as typeof setTimeout,
    );
    const host = `unix://${path}`;
    const { code, lines } = await doctor(["-H", host]);
    assertEquals(code, 1);
    assertEquals(lines.slice(-3), [
      PERMISSIONS,
      `✗ no answer from ${host} in 30 s, though something listens there: restart the engine, or set DOCKER_HOST to the address of another one`,
      "",
    ]);
    engine.close();
    await accepting;
    for (const connection of connections) connection.close();
  });
});

Deno.test("doctor of podman and of a gateway: the one can't do all, the other is no failure", async () => {
  await using podman = await startScripted(
    [VERSION],
    pong("Libpod-Api-Version: 5.0.0"),
  );
  const ofPodman = await doctor(["-H", podman.host]);
  assertEquals(ofPodman.code, 1);
  assertMatch(
    ofPodman.lines.at(-3)!,
    /^✓ podman 28\.5\.2 on linux\/riscv, API /,
  );
  assertMatch(ofPodman.lines.at(-2)!, /^✗ podman has no BuildKit/);

  await using gateway = await startScripted(
    [VERSION],
    pong(`${GATEWAY_HEADER}: 1`),
  );
  const ofGateway = await doctor(["-H", gateway.host]);
  assertEquals(ofGateway.code, 0, ofGateway.lines.join("\n"));
  assertMatch(ofGateway.lines.at(-2)!, /^✓ a davit gateway: /);
});

Deno.test("doctor: which engine, and why it is the one", async () => {
  await withTempFolder(async (folder) => {
    await using engine = await startScripted(
      [VERSION],
      pong(`${GATEWAY_HEADER}: 1`),
    );
    await writeTree(folder, { "config.json": "{}" });
    const name = await contextOf(folder, "mine", engine.host);
    const none = { DOCKER_HOST: "", DOCKER_CONTEXT: "", DOCKER_CONFIG: folder };
    for (
      const [words, env, told] of [
        [["-H", engine.host], { DOCKER_HOST: "unix:///n" }, "by --host"],
        [
          ["-c", name],
          { DOCKER_HOST: "unix:///n" },
          'docker context "mine", by --context',
        ],
        [
          [],
          { DOCKER_HOST: engine.host, DOCKER_CONTEXT: "no" },
          "by DOCKER_HOST",
        ],
        [
          [],
          { DOCKER_CONTEXT: name },
          'docker context "mine", by DOCKER_CONTEXT',
        ],
      ] as const
    ) {
      const { code, lines } = await doctor(words, { ...none, ...env });
      assertEquals([code, lines.find((line) => line.startsWith("✓ engine"))], [
        0,
        `✓ engine: ${engine.host}, ${told}`,
      ]);
    }
    await Deno.writeTextFile(
      `${folder}/config.json`,
      JSON.stringify({ currentContext: name }),
    );
    const current = await doctor([], none);
    assertEquals(
      current.lines.find((line) => line.startsWith("✓ engine")),
      `✓ engine: ${engine.host}, docker context "mine", the current one of ${folder}/config.json`,
    );
    // By default it is the first socket that answers; those of this machine are others'.
    const sockets = { ...none, XDG_RUNTIME_DIR: folder, HOME: folder };
    await Deno.symlink(
      engine.host.slice("unix://".length),
      `${folder}/docker.sock`,
    );
    const own = await Deno.stat("/var/run/docker.sock").then(
      () => true,
      () => false,
    );
    if (own) return;
    const found =
      `✓ engine: unix://${folder}/docker.sock, the first default socket that answers (rootless docker): `;
    for (
      const [words, env, current, why] of [
        [["-c", "default"], {}, "", 'docker context "default", by --context'],
        [
          [],
          { DOCKER_CONTEXT: "default" },
          "",
          'docker context "default", by DOCKER_CONTEXT',
        ],
        [[], {}, "", "neither DOCKER_HOST nor a context names one"],
        [[], {}, 7, "neither DOCKER_HOST nor a context names one"],
        [
          [],
          {},
          "default",
          `docker context "default", the current one of ${folder}/config.json`,
        ],
      ] as const
    ) {
      await Deno.writeTextFile(
        `${folder}/config.json`,
        JSON.stringify({ currentContext: current }),
      );
      const { lines } = await doctor(words, { ...sockets, ...env });
      assertEquals(
        lines.find((line) => line.startsWith("✓ engine")),
        found + why,
      );
    }
    await Deno.remove(`${folder}/docker.sock`);
    // A socket that nobody listens at comes before the one that answers.
    await writeTree(folder, { "docker.sock": "", ".rd/": "" });
    await Deno.symlink(
      engine.host.slice("unix://".length),
      `${folder}/.rd/docker.sock`,
    );
    const { lines } = await doctor([], sockets);
    const at = lines.findIndex((line) => line.startsWith("✓ engine"));
    assertEquals(lines.slice(at, at + 2), [
      `✓ engine: unix://${folder}/.rd/docker.sock, the first default socket that answers (Rancher Desktop): docker context "default", the current one of ${folder}/config.json`,
      `  passed over: No engine at unix://${folder}/docker.sock: the socket is there but nobody listens; start the engine`,
    ]);
  });
});

/** Makes a context of docker's command. */
async function contextOf(
  folder: string,
  name: string,
  host: string,
): Promise<string> {
  const digest = await sha256(name);
  await writeTree(folder, {
    [`contexts/meta/${digest}/meta.json`]: JSON.stringify({
      Name: name,
      Endpoints: { docker: { Host: host } },
    }),
  });
  return name;
}
