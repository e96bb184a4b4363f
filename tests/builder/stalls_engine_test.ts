/** A network that stops to forward, at every moment of a build. */
import { randomBytes } from "node:crypto";
import { daemonAt } from "../../lib/builder/daemon.ts";
import { Builder } from "../../lib/builder/builder.ts";
import type { Connector } from "../../lib/builder/connector.ts";
import { unixConnector } from "../../lib/builder/direct.ts";
import { sshConnector } from "../../lib/builder/program.ts";
import { ConnectionError } from "../../lib/errors.ts";
import type { BuildContext } from "../../lib/imagebuild/context/source.ts";
import { daemonHost } from "../../lib/imagebuild/host.ts";
import {
  type ImageBuild,
  startBuild,
} from "../../lib/imagebuild/image_build.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { runImageBuild } from "../../lib/imagebuild/run.ts";
import { Operations } from "../../lib/operation/operations.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { standIns } from "../buildkitd/stand_ins.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import {
  type StallingProxy,
  type StallOptions,
  startStallingProxy,
} from "./stalling_proxy.ts";

/** How long a daemon may be silent here, in place of twice 15 seconds. */
const SHORT = { silence: 1_000, timeout: 1_000 };

/** Enough that a result takes more than one window of HTTP/2. */
const RESULT_BYTES = 3_000_000;

/** A build by a daemon that is reached in this way. */
interface Started extends AsyncDisposable {
  readonly build: ImageBuild;
}

function start(
  address: string,
  connector: Connector,
  context: BuildContext,
  options: ImageBuildOptions,
  keepalive?: typeof SHORT,
): Started {
  const daemon = daemonAt(address, connector, { keepalive });
  const operations = new Operations();
  const build = startBuild({
    operations,
    startedBy: start,
    options,
    run: (record, stop) =>
      runImageBuild({
        host: daemonHost(daemon),
        logins: {},
        settings: undefined,
        context,
        options,
        record,
        stop,
      }),
  });
  return {
    build,
    async [Symbol.asyncDispose]() {
      await operations.close();
      await daemon.close();
    },
  };
}

function by({ address }: StallingProxy): Connector {
  return unixConnector({
    kind: "unix",
    path: address.slice("unix://".length),
  });
}

/** Processes with these words in their command, but for this one. */
async function processesWith(words: string): Promise<number> {
  let found = 0;
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || name === `${Deno.pid}`) continue;
    const command = await Deno.readTextFile(`/proc/${name}/cmdline`)
      .catch(() => ""); // it has ended
    if (command.includes(words)) found++;
  }
  return found;
}

Deno.test("a network that stalls at any call of a build, or in its result, fails that build alone and leaves nothing", async () => {
  await using daemon = await startBuildkitd();
  await withTempFolder(async (folder) => {
    const big = new Uint8Array(randomBytes(RESULT_BYTES));
    const context = {
      files: {
        Dockerfile:
          "FROM davit-test/base\nRUN --mount=type=secret,id=word cp /run/secrets/word /w\nCOPY big /\n",
        big,
      },
    };
    const optionsFor = (name: string): ImageBuildOptions => ({
      outputs: { type: "local", dest: `${folder}/${name}` },
      secrets: { word: "a word" },
      nocache: true,
    });
    // How many calls a build makes, and how much comes back.
    let calls: number, bytes: number;
    {
      await using proxy = await startStallingProxy(daemon.socketPath);
      await using whole = start(
        proxy.address,
        by(proxy),
        context,
        optionsFor("whole"),
      );
      await whole.build.wait();
      ({ calls, bytes } = proxy);
      assertEquals(await Deno.readFile(`${folder}/whole/big`), big);
      await Deno.remove(`${folder}/whole`, { recursive: true });
    }
    assert(calls >= 3 && bytes > RESULT_BYTES, `${calls} ${bytes}`);

    // A build by the same daemon that waits for its secret meanwhile.
    await using builder = await Builder.fromAddress(daemon.address);
    const release = Promise.withResolvers<string>();
    // Its steps are others: BuildKit runs the same step once for all.
    const dockerfile = {
      text:
        "FROM davit-test/base\nRUN --mount=type=secret,id=word cat /run/secrets/word\n",
    };
    await using unharmed = builder.imageBuild({ dockerfile }, {
      outputs: { type: "cacheonly" },
      secrets: { word: () => release.promise },
      nocache: true,
    });
    const moments: StallOptions[] = [
      ...Array.from({ length: calls }, (_, i) => ({ atCall: i + 1 })),
      { afterBytes: bytes - RESULT_BYTES },
      { afterBytes: bytes - RESULT_BYTES / 2 },
    ];
    // By a program of the user's, which would wait for ever; in the silence of a
    // step that prints nothing.
    const byProgram = async () => {
      await using proxy = await startStallingProxy(daemon.socketPath);
      const { buildctl } = daemon;
      const hosts = { far: proxy.address };
      await using _programs = await standIns({ buildctl, hosts });
      const connector = sshConnector({
        kind: "ssh",
        hostname: "far",
        port: undefined,
        user: undefined,
        path: undefined,
      });
      await using stalled = start(
        "ssh://far",
        connector,
        {
          files: { Dockerfile: "FROM davit-test/base\nRUN sleep 1000\n" },
        },
        optionsFor("ssh"),
        SHORT,
      );
      for await (const event of stalled.build.events()) {
        if (
          event.type === "vertex" && /RUN/.test(event.name) && event.started
        ) {
          break;
        }
      }
      assertEquals(await processesWith(proxy.address), 1);
      await until(() => proxy.pings > 0, "a sign of life is asked for");
      proxy.stall();
      await assertRejects(
        () => stalled.build.wait(),
        ConnectionError,
        "ssh://far",
      );
      await until(
        async () => await processesWith(proxy.address) === 0,
        "the program has ended",
      );
    };
    const ended = byProgram();
    const failures = await Promise.all(moments.map(async (moment, i) => {
      await using proxy = await startStallingProxy(daemon.socketPath, moment);
      await using stalled = start(
        proxy.address,
        by(proxy),
        context,
        optionsFor(`stalled${i}`),
        SHORT,
      );
      const { message } = await assertRejects(
        () => stalled.build.wait(),
        ConnectionError,
        proxy.address,
      );
      await until(() => proxy.open === 0, "the connection is closed");
      return message;
    }));
    for (const message of failures) {
      assertStringIncludes(
        message,
        "sent nothing for 2 seconds, and no answer",
      );
    }
    await ended;
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
    release.resolve("a late word");
    assertEquals((await unharmed.result()).secrets.served, ["word"]);
    // The daemon builds nothing any more.
    const history = builder.buildHistory();
    await until(
      async () =>
        (await history.list()).every(({ status }) => status !== "running"),
      "the daemon has given up all",
    );
  });
});
