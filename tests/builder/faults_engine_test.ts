/** Daemons that refuse, die or restart, and certificates that expire. */
import { Builder, type BuilderTls } from "../../lib/builder/builder.ts";
import { ConnectionError } from "../../lib/errors.ts";
import type { ImageBuild } from "../../lib/imagebuild/image_build.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { failure } from "./failure.ts";

const DAY_MS = 86_400_000;
const EXPIRED = {
  notBefore: new Date(Date.now() - 2 * DAY_MS),
  notAfter: new Date(Date.now() - DAY_MS),
};

Deno.test("a handshake that fails, early or late, says what is wrong with which certificate", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  const { tcpAddress: at, authority, tls } = daemon;
  const { ca } = authority;
  const other = await makeAuthority("another");
  // As after an authority was made anew: the same name, another key.
  const namesake = await makeAuthority();
  const begins: [BuilderTls | undefined, string][] = [
    [{ ca }, "it asks for a client certificate: give tls.cert and tls.key"],
    [
      { ...tls, ...await authority.issue(EXPIRED) },
      "the client's certificate (tls.cert) has expired",
    ],
    [{ ...tls, ...await other.issue() }, "it refused the client's certificate"],
    [
      { ...tls, ca: other.ca },
      "its certificate is not issued by the authority in tls.ca",
    ],
    [
      { ...tls, ca: namesake.ca },
      "its certificate is not issued by the authority in tls.ca",
    ],
    [
      { ...tls, ca: namesake.ca, serverName: "localhost" },
      "its certificate is not issued by the authority in tls.ca",
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

/** A build that waits for its secret, and goes on when it is given. */
function waiting(builder: Builder) {
  const release = Promise.withResolvers<string>();
  const build = builder.imageBuild({
    // Each is a step of its own: BuildKit runs the same step once for all.
    dockerfile: {
      text:
        `FROM davit-test/base\nENV OWN=${crypto.randomUUID()}\nRUN --mount=type=secret,id=late cat /run/secrets/late\n`,
    },
  }, {
    outputs: { type: "cacheonly" },
    secrets: { late: () => release.promise },
    nocache: true,
  });
  return {
    /** Resolves when the daemon has asked for the secret. */
    async begun() {
      for await (const event of build.events()) {
        if (event.type === "secret" && event.state === "requested") return;
      }
    },
    /** Gives the secret, and looks how the build ends. */
    async end() {
      release.resolve("a late secret");
      assertEquals((await build.result()).secrets.served, ["late"]);
    },
    [Symbol.asyncDispose]: () => build[Symbol.asyncDispose](),
  };
}

Deno.test("a daemon that dies in the middle of a build fails it alone, leaves nothing, and builds again", async () => {
  await using dying = await startBuildkitd();
  await using living = await startBuildkitd();
  await using one = await Builder.fromAddress(dying.address);
  await using other = await Builder.fromAddress(living.address);
  const folder = await Deno.makeTempDir({ prefix: "davit-dying-" });
  const dest = `${folder}/out`;
  const lost = one.imageBuild({ files: { Dockerfile: SLEEPER } }, {
    outputs: { type: "local", dest },
  });
  // Its secret comes only when the other daemon is dead.
  await using unharmed = waiting(other);
  await untilSleeping(lost);
  await dying.kill();
  const { message } = await assertRejects(() => lost.wait(), ConnectionError);
  assertStringIncludes(message, `BuildKit at ${dying.address} broke in`);
  await unharmed.end();
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
  await using living = await startBuildkitd();
  const { tcpAddress, tls } = daemon;
  await using builder = await Builder.fromAddress(tcpAddress, { tls });
  await using other = await Builder.fromAddress(living.address);
  await using unharmed = waiting(other);
  const build = () =>
    builder.imageBuild({
      files: { Dockerfile: "FROM scratch\nCOPY own /\n", own: "x" },
    }, {
      outputs: { type: "cacheonly" },
    }).wait();
  await build();
  await unharmed.begun();
  await daemon.kill();
  await daemon.start();
  await build();
  await unharmed.end();
});

/** A TLS server before a daemon's socket, with a certificate of its own. */
function startTlsProxy(
  socketPath: string,
  certificate: { readonly cert: string; readonly key: string },
) {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    ...certificate,
    alpnProtocols: ["h2"],
  });
  const ends: Promise<unknown>[] = [];
  const join = async (near: Deno.TlsConn) => {
    const far = await Deno.connect({ transport: "unix", path: socketPath });
    await Promise.allSettled([
      near.readable.pipeTo(far.writable),
      far.readable.pipeTo(near.writable),
    ]);
  };
  const accepting = (async () => {
    for await (const conn of listener) ends.push(join(conn));
  })();
  return {
    address: `tcp://127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {}); // a closed listener ends with an error
      await Promise.all(ends);
    },
  };
}

Deno.test("a certificate that expires during a build does not end it; the next connection says whose it was", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  const { tcpAddress, socketPath, authority, tls: { ca } } = daemon;
  await using living = await Builder.fromAddress(daemon.address);
  await using unharmed = waiting(living);
  for (let seconds = 3;; seconds *= 2) {
    const until = (Math.floor(Date.now() / 1000) + seconds) * 1000;
    const issue = () => authority.issue({ notAfter: new Date(until) });
    await using proxy = startTlsProxy(socketPath, await issue());
    await using client = await Builder.fromAddress(tcpAddress, {
      tls: { ca, ...await issue() },
    });
    await using server = await Builder.fromAddress(proxy.address, {
      tls: { ca },
    });
    const builders = [client, server];
    const builds = builders.map(waiting);
    await using stack = new AsyncDisposableStack();
    for (const build of builds) stack.use(build);
    await Promise.all(builds.map((build) => build.begun().catch(() => {})));
    // A machine that was too busy to begin in time gets more.
    if (Date.now() >= until && seconds < 60) continue;
    await new Promise((resolve) =>
      setTimeout(resolve, until + 1_100 - Date.now())
    );
    // Nothing new is opened for what comes in the meantime.
    for (const builder of builders) {
      assertEquals((await builder.workers()).length, 1);
    }
    await Promise.all(builds.map((build) => build.end()));
    assertStringIncludes(
      (await assertRejects(() => client.workers(), ConnectionError)).message,
      `${tcpAddress}: the client's certificate (tls.cert) has expired`,
    );
    assertStringIncludes(
      (await assertRejects(() => server.workers(), ConnectionError)).message,
      `${proxy.address}: its certificate has expired`,
    );
    break;
  }
  await unharmed.end();
});
