/** Daemons that refuse, die, restart or are not heard any more. */
import { Builder, type BuilderTls } from "../../lib/builder/builder.ts";
import { daemonAt } from "../../lib/builder/daemon.ts";
import { unixConnector } from "../../lib/builder/direct.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { daemonHost } from "../../lib/imagebuild/host.ts";
import {
  type ImageBuild,
  startBuild,
} from "../../lib/imagebuild/image_build.ts";
import { runImageBuild } from "../../lib/imagebuild/run.ts";
import { Operations } from "../../lib/operation/operations.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { until } from "../support/until.ts";
import { startStallingProxy } from "./stalling_proxy.ts";

const DAY_MS = 86_400_000;
const EXPIRED = {
  notBefore: new Date(Date.now() - 2 * DAY_MS),
  notAfter: new Date(Date.now() - DAY_MS),
};

/** What a builder's question fails with. */
async function failure(address: string, tls?: BuilderTls): Promise<string> {
  await using builder = await Builder.fromAddress(address, { tls });
  const { message } = await assertRejects(
    () => builder.workers(),
    ConnectionError,
  );
  const start = `Cannot reach the BuildKit daemon at ${address}: `;
  assertStringIncludes(message, start);
  return message.slice(start.length);
}

Deno.test("a handshake that fails, early or late, says what is wrong with which certificate", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  const { tcpAddress: at, authority, tls } = daemon;
  const { ca } = authority;
  const other = await makeAuthority("another");
  const begins: [BuilderTls | undefined, string][] = [
    [{ ca }, "it asks for a client certificate: give tls.cert and tls.key"],
    [
      { ...tls, ...await authority.issue(EXPIRED) },
      "the client's certificate (tls.cert) has expired",
    ],
    [{ ...tls, ...await other.issue() }, "it refused the client's certificate"],
    [
      { ...tls, ca: other.ca },
      "its certificate is issued by an authority that is not known here",
    ],
    [
      { cert: tls.cert, key: tls.key },
      "its certificate is issued by an authority that is not known here",
    ],
    [
      { ...tls, serverName: "builder.test" },
      "its certificate is for another name",
    ],
    [
      { ...tls, key: (await other.issue()).key },
      "tls.key is not the key of tls.cert",
    ],
    [
      undefined,
      "what listens there ended the connection without a word of HTTP/2; does it want TLS",
    ],
  ];
  for (const [given, words] of begins) {
    const said = await failure(at, given);
    assert(said.startsWith(words), said);
  }
  // A daemon whose own certificate is the fault.
  for (
    const [options, words] of [
      [EXPIRED, "its certificate has expired"],
      [{ names: ["builder.test"] }, "its certificate is for another name"],
      [
        { notBefore: new Date(Date.now() + DAY_MS) },
        "its certificate is not valid yet",
      ],
    ] as const
  ) {
    const server = { ...await authority.issue(options), ca };
    await using wrong = await startBuildkitd({ tcp: server });
    const said = await failure(wrong.tcpAddress, tls);
    assert(said.startsWith(words), said);
    if (!("names" in options)) continue;
    // By that name it is reached.
    await using builder = await Builder.fromAddress(wrong.tcpAddress, {
      tls: { ...tls, serverName: "builder.test" },
    });
    assertEquals((await builder.workers()).length, 1);
  }
});

const SLEEPER = "FROM davit-test/base\nRUN sleep 1000\n";

/** Resolves when a step of the build runs. */
async function untilSleeping(build: ImageBuild): Promise<void> {
  for await (const event of build.events()) {
    const runs = event.type === "vertex" && event.name.includes("RUN sleep") &&
      event.started !== undefined;
    if (runs) return;
  }
}

Deno.test("a daemon that dies in the middle of a build fails it alone, leaves nothing, and builds again", async () => {
  await using dying = await startBuildkitd();
  await using living = await startBuildkitd();
  await using one = await Builder.fromAddress(dying.address);
  await using other = await Builder.fromAddress(living.address);
  const folder = await Deno.makeTempDir({ prefix: "davit-dying-" });
  const dest = `${folder}/out`;
  const release = Promise.withResolvers<string>();
  const lost = one.imageBuild({ files: { Dockerfile: SLEEPER } }, {
    outputs: { type: "local", dest },
  });
  // Its secret comes only when the other daemon is dead.
  const unharmed = other.imageBuild({
    files: {
      Dockerfile:
        "FROM davit-test/base\nRUN --mount=type=secret,id=late cat /run/secrets/late\n",
    },
  }, {
    outputs: { type: "cacheonly" },
    secrets: { late: () => release.promise },
    nocache: true,
  });
  await untilSleeping(lost);
  await dying.kill();
  const { message } = await assertRejects(() => lost.wait(), ConnectionError);
  assertStringIncludes(message, `BuildKit at ${dying.address} broke in`);
  release.resolve("a late secret");
  await unharmed.wait();
  assertEquals((await unharmed.result()).secrets.served, ["late"]);
  assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  // While it is down, and when it is there again: the same builder.
  await assertRejects(() => one.workers(), ConnectionError, "nobody listens");
  await dying.start();
  const files = { Dockerfile: "FROM scratch\nCOPY own /\n", own: "x" };
  await one.imageBuild({ files }, { outputs: { type: "local", dest } }).wait();
  assertEquals(await Deno.readTextFile(`${dest}/own`), "x");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a daemon restarted between two builds is reached by a new connection", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  const { tcpAddress, tls } = daemon;
  await using builder = await Builder.fromAddress(tcpAddress, { tls });
  const build = () =>
    builder.imageBuild({
      files: { Dockerfile: "FROM scratch\nCOPY own /\n", own: "x" },
    }, {
      outputs: { type: "cacheonly" },
    }).wait();
  await build();
  await daemon.kill();
  await daemon.start();
  await build();
});

Deno.test("a build over a network that stalls fails when no sign of life comes, and leaves nothing", async () => {
  await using daemon = await startBuildkitd();
  await using proxy = await startStallingProxy(daemon.socketPath);
  const path = proxy.address.slice("unix://".length);
  const stalled = daemonAt(
    proxy.address,
    unixConnector({ kind: "unix", path }),
    { silence: 1_000, timeout: 1_000 },
  );
  const folder = await Deno.makeTempDir({ prefix: "davit-stalled-" });
  const options = {
    outputs: { type: "local", dest: `${folder}/out` },
  } as const;
  const operations = new Operations();
  const build = startBuild({
    operations,
    startedBy: startBuild,
    options,
    run: (record, stop) =>
      runImageBuild({
        host: daemonHost(stalled),
        logins: {},
        settings: undefined,
        context: { files: { Dockerfile: SLEEPER } },
        options,
        record,
        stop,
      }),
  });
  await untilSleeping(build);
  // The silence of a step that prints nothing is none of the network.
  await until(() => proxy.pings > 0, "the daemon is asked for a sign of life");
  proxy.stall();
  const { message } = await assertRejects(() => build.wait(), ConnectionError);
  assertStringIncludes(
    message,
    "sent nothing for 2 seconds, and no answer to PING",
  );
  assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  await Deno.remove(folder, { recursive: true });
  await operations.close();
});
