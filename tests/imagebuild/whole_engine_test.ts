import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { collect, traceText } from "../support/builds.ts";
import type { Builds } from "../support/way.ts";
import { bothWaysTest, type EngineWay } from "../support/ways.ts";
import { writeTree } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { until } from "../support/until.ts";
import { changedEnvironment } from "../support/environment.ts";
import { busyboxProgram } from "../engines/packages.ts";
import { findDescendants, findProcess } from "../engines/process.ts";
import { listing, scratch } from "../exporter/scratch.ts";
import { installHelper } from "../registry/helper.ts";
import {
  fingerprints,
  makeKey,
  packOpenssh,
  startSshAgent,
} from "../ssh/openssh.ts";
import type { BuildEvent, ImageBuild } from "../../mod.ts";

const SECRETS = {
  first: "the first secret of the whole",
  second: "the second secret of the whole",
};

/** A build that needs everything that a session has, and where it is made. */
interface Whole extends AsyncDisposable {
  /** Holds `context` and `dest`. */
  readonly folder: string;
  /** Name of the base image, which wants a login. */
  readonly base: string;
  /** `SHA256:…` of the key that the agent holds. */
  readonly fingerprint: string;
  /** A client that finds its logins as docker's CLI does. */
  readonly connect: EngineWay["openConfigured"];
  /** Starts the build. */
  start(client: Builds, signal?: AbortSignal): ImageBuild;
}

async function prepare(
  { docker, host, openConfigured }: EngineWay,
): Promise<Whole> {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startRegistry({ auth: "basic" }));
  const base = `${registry.host}/whole:1`;
  await docker.imageImport(
    ReadableStream.from([await packOpenssh(await busyboxProgram())]),
    { repo: `${registry.host}/whole`, tag: "1" },
  );
  await docker.imagePush(base, { credentials: { [registry.host]: LOGIN } })
    .wait();
  await docker.imageRemove(base, { force: true });

  const { path: folder } = stack.use(await scratch());
  await writeTree(folder, {
    "context/Dockerfile": [
      `FROM ${base} AS made`,
      "COPY . /src",
      "RUN --mount=type=secret,id=first,required=true --mount=type=secret,id=second,required=true --mount=type=ssh,required=true " +
      "ssh-add -l && cat /run/secrets/first && base64 /run/secrets/second && mkdir /o && cp -r /src/d /o/d && " +
      "cat /run/secrets/first /run/secrets/second | sha256sum > /o/sum && sleep 1",
      "FROM scratch",
      "COPY --from=made /o /",
    ].join("\n"),
    "context/.dockerignore": "ignored\n",
    "context/d/a.txt": "a",
    "context/d/large": new Uint8Array(3_000_000),
    "context/ignored/b": "b",
  });
  const { path: other } = stack.use(await scratch());
  const key = await makeKey(`${other}/key`);
  const agent = stack.use(await startSshAgent(other, [key]));
  const helper = stack.use(
    await installHelper(
      `cat > /dev/null; sleep 0.1; echo '{"ServerURL":"","Username":"${LOGIN.username}","Secret":"${LOGIN.password}"}'`,
    ),
  );
  await Deno.writeTextFile(
    `${other}/config.json`,
    JSON.stringify({ credHelpers: { [registry.host]: helper.name } }),
  );
  stack.use(changedEnvironment({
    DOCKER_HOST: host,
    DOCKER_CONFIG: other,
    SSH_AUTH_SOCK: agent.socket,
  }));
  const whole = stack.move();
  return {
    folder,
    base,
    fingerprint: key.fingerprint,
    connect: openConfigured,
    start: (client, signal) =>
      client.imageBuild(`${folder}/context`, {
        networkmode: "none",
        nocache: true,
        secrets: SECRETS,
        ssh: "default",
        outputs: { type: "local", dest: `${folder}/dest` },
        ...(signal === undefined ? {} : { signal }),
      }),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Those of the registry, which runs in this process: davit reaches the engine over a Unix socket. */
async function tcpSockets(): Promise<Set<string>> {
  const table = await Deno.readTextFile("/proc/net/tcp");
  return new Set(
    table.split("\n").map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`),
  );
}

/**
 * What this process holds of the system: children, sockets, and temporary
 * files, which are those of a folder of its own (`TMPDIR`): others may run here.
 */
async function held(temporaryFolder: string): Promise<string[]> {
  const children = (await findDescendants((await findProcess(Deno.pid))!)).map((
    { pid },
  ) => `process ${pid}`);
  const sockets: string[] = [];
  const tcp = await tcpSockets();
  for await (const { name } of Deno.readDir("/proc/self/fd")) {
    try {
      const target = await Deno.readLink(`/proc/self/fd/${name}`);
      if (target.startsWith("socket:") && !tcp.has(target)) {
        sockets.push(target);
      }
    } catch {
      // The descriptor that the folder was read by.
    }
  }
  const temporary = (await Array.fromAsync(Deno.readDir(temporaryFolder)))
    .map(({ name }) => name);
  return [...children, ...sockets, ...temporary];
}

bothWaysTest(
  "two secrets, an ssh agent, a private base image, a folder and a local export in one build",
  async (engine) => {
    await using whole = await prepare(engine);
    await using client = await whole.connect();
    const build = whole.start(client);
    const events: BuildEvent[] = [];
    const [{ messages, error }, log] = await Promise.all([
      collect(build),
      new Response(build.logs()).text(),
      (async () => {
        for await (const event of build.events()) events.push(event);
      })(),
    ]);
    assertEquals(error, undefined);
    assertEquals(await build.wait(), "");

    const dest = await listing(`${whole.folder}/dest`);
    assertEquals(Object.keys(dest).sort(), [
      "d",
      "d/a.txt",
      "d/large",
      "sum",
    ]);
    const sum = new Uint8Array(
      await crypto.subtle.digest(
        "SHA-256",
        new TextEncoder().encode(SECRETS.first + SECRETS.second),
      ),
    ).toHex();
    assertEquals(
      await Deno.readTextFile(`${whole.folder}/dest/sum`),
      `${sum}  -\n`,
    );

    // The whole story: what was loaded, sent, asked for, run and exported.
    const names = new Set<string>();
    const open = new Set<string>();
    for (const event of events) {
      if (event.type !== "vertex") continue;
      names.add(event.name);
      assertEquals(event.error, undefined);
      if (event.started === undefined) continue;
      if (event.completed === undefined) open.add(event.digest);
      else open.delete(event.digest);
    }
    assertEquals([...open], []);
    const steps = [...names].join("\n");
    for (const part of [whole.base, "COPY . /src", "RUN --mount", "export"]) {
      assertStringIncludes(steps, part);
    }
    const secrets = events.flatMap((event) =>
      event.type === "secret" ? [`${event.id} ${event.state}`] : []
    );
    assertEquals(
      new Set(secrets),
      new Set([
        "first requested",
        "first served",
        "second requested",
        "second served",
      ]),
    );
    const others = events.flatMap((event) =>
      event.type === "login"
        ? [`login ${event.registry} ${event.state}`]
        : event.type === "ssh"
        ? [`ssh ${event.id} ${event.state}`]
        : event.type === "export"
        ? [`export ${event.dest} ${event.entries} ${event.skipped}`]
        : []
    );
    assertEquals(others.sort(), [
      `export ${whole.folder}/dest 4 0`,
      `login ${whole.base.split("/")[0]} served`,
      "ssh default used",
    ]);
    const context = events.findLast(({ type }) => type === "context");
    assert(context?.type === "context");
    // The Dockerfile and .dockerignore are a part of it.
    assertEquals([context.files, context.filesReused], [4, 0]);
    assertEquals(fingerprints(log), [whole.fingerprint]);

    const said = [
      JSON.stringify(messages),
      traceText(messages),
      JSON.stringify(events),
      log,
    ].join("\n");
    for (
      const value of [...Object.values(SECRETS), LOGIN.password]
    ) {
      assertFalse(said.includes(value));
      assertFalse(said.includes(btoa(value)));
    }
    const { secrets: report, warnings, exports } = await build.result();
    const [exported] = exports;
    assert(exported !== undefined && exports.length === 1);
    assertEquals(exported.dest, `${whole.folder}/dest`);
    assertEquals(exported.skipped, 0);
    assert(exported.entries > 0 && exported.bytes > 0);
    assertEquals(report.served, ["first", "second"]);
    assertEquals(warnings, []);
  },
);

bothWaysTest(
  "the same build leaves nothing behind, cancelled at six moments",
  async (engine) => {
    await using whole = await prepare(engine);
    let count = 0;
    for (let i = 0; i < 2; i++) {
      await using client = await whole.connect();
      const build = whole.start(client);
      count = (await Array.fromAsync(build.messages())).length;
      await build.wait();
    }
    await Deno.writeTextFile(`${whole.folder}/dest/kept`, "before");

    const files = await listing(whole.folder);
    await using temporary = await scratch();
    using _ = changedEnvironment({ TMPDIR: temporary.path });
    const before = await held(temporary.path);
    const random = new Random(10);
    let cancelled = 0;
    for (let i = 0; i < 6; i++) {
      const controller = new AbortController();
      // A moment is told by what was said before: a machine's speed varies.
      const moment = Math.floor((i + random.below(100) / 100) * count / 6);
      const reason = new Error(`cancelled at message ${moment} of ${count}`);
      let result: unknown;
      {
        await using client = await whole.connect();
        const build = whole.start(client, controller.signal);
        const outcome = build.wait().then(() => "built", (error) => error);
        let seen = 0;
        try {
          if (moment === 0) controller.abort(reason);
          for await (const _ of build.messages()) {
            if (++seen === moment) controller.abort(reason);
          }
        } catch (error) {
          assertEquals(error, reason);
        }
        result = await outcome;
      }
      if (result === reason) {
        cancelled++;
        assertEquals(await listing(whole.folder), files, reason.message);
      } else {
        // The last moments may be behind the end.
        assertEquals(result, "built");
        for (
          const [path, line] of Object.entries(await listing(whole.folder))
        ) {
          files[path] = line;
        }
      }
      // The engine's end of a connection closes a moment after ours.
      let left: readonly string[] = [];
      await until(async () => {
        const now = await held(temporary.path);
        left = now.filter((one) => !before.includes(one));
        return left.length === 0;
      }, "nothing is left").catch(() => assertEquals(left, []));
    }
    assert(cancelled >= 4, `only ${cancelled} of 6 were cancelled in time`);
  },
);
