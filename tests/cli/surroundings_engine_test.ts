import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import type { CommandRun } from "./command.ts";
import { runDavit, runProgram } from "./command.ts";

/** Runs both commands with one environment and one `config.json`. */
interface Both {
  davit(args: string[], env?: Record<string, string>): Promise<CommandRun>;
  docker(args: string[], env?: Record<string, string>): Promise<CommandRun>;
}

async function withBoth(
  { cli, cliEnv, host }: EngineContext,
  config: unknown,
  dockerfile: string,
  use: (both: Both, folder: string) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "docker/config.json": JSON.stringify(config),
      "app/Dockerfile": dockerfile,
    });
    await Deno.symlink(
      `${cliEnv!.DOCKER_CONFIG}/cli-plugins`,
      `${folder}/docker/cli-plugins`,
    );
    const base = { DOCKER_HOST: host, DOCKER_CONFIG: `${folder}/docker` };
    const cwd = `${folder}/app`;
    await use({
      davit: (args, env) =>
        runDavit(["build", ...args, "."], { cwd, env: { ...base, ...env } }),
      docker: (args, env) =>
        runProgram([cli!, "build", ...args, "."], {
          cwd,
          env: { ...cliEnv, ...base, ...env },
        }),
    }, folder);
  });
}

const hasClient = ({ cli }: { cli?: string }) => cli !== undefined;
const isRecent = ({ cli, generation }: { cli?: string; generation: string }) =>
  cli !== undefined && Number(generation) >= 28;

/** What the step printed, sorted: the order of variables is nobody's. */
function printed({ code, stderr }: CommandRun): string[] {
  assertEquals(code, 0, stderr);
  return [...stderr.matchAll(/^#\d+ \d+\.\d+ (\S*proxy\S*=.*)$/gim)]
    .map(([, line]) => line!).sort();
}

engineTest(
  "the proxies of config.json reach the steps, as with docker's client",
  async (engine) => {
    const other = {
      httpProxy: "http://other.example:1",
      allProxy: "socks5://all.example:2",
    };
    const proxies = {
      default: {
        httpProxy: "http://proxy.example:3128",
        httpsProxy: "http://secure.example:3128",
        ftpProxy: "http://ftp.example:3128",
        noProxy: "localhost,.example",
      },
    };
    const dockerfile =
      "FROM davit-test/base\nARG ANY\nRUN env | grep -i proxy || echo no_proxy=none\n";
    for (
      const [config, args, sent] of [
        [{ proxies }, [], 8],
        [{ proxies: { ...proxies, [engine.host]: other } }, [], 2],
        [{ proxies: { "unix:///elsewhere.sock": other } }, [], 1],
        [{ proxies }, ["--build-arg", "HTTP_PROXY=http://mine.example"], 8],
        [{ proxies: { default: { httpProxy: "" } } }, [], 1],
      ] as const
    ) {
      await withBoth(engine, config, dockerfile, async (both) => {
        const words = [
          ...args,
          ...["--no-cache", "--progress", "plain", "--network", "none"],
        ];
        const ours = printed(await both.davit(words));
        const theirs = printed(await both.docker(words));
        // The classic client of 20.10 knows ALL_PROXY, buildx does not.
        const isTheirs = (line: string) => !/^all_proxy/i.test(line);
        // With an argument in one case of letters the client of 20.10 sends the
        // other, too, and which one counts there is chance.
        if (args.length === 0 || isRecent(engine)) {
          assertEquals(ours, theirs.filter(isTheirs));
        }
        if (args.length > 0) {
          assert(ours.includes("http_proxy=http://mine.example"), `${ours}`);
        }
        assertEquals(ours.length, sent, ours.join("\n"));
      });
    }
  },
  hasClient,
);

engineTest(
  "the password of a proxy in config.json is masked where a step prints it",
  async (engine) => {
    const proxies = {
      default: { httpProxy: "http://me:hunter2-of-it@proxy.example:3128" },
    };
    const dockerfile = "FROM davit-test/base\nRUN env | grep -i proxy\n";
    await withBoth(engine, { proxies }, dockerfile, async (both) => {
      const { code, stderr } = await both.davit(
        ["--no-cache", "--progress", "plain", "--network", "none"],
      );
      assertEquals(code, 0, stderr);
      assert(stderr.includes("HTTP_PROXY=http://me:"), stderr);
      assert(!stderr.includes("hunter2"), stderr);
    });
  },
  hasClient,
);

/** An image's platform and time, and the image gone. */
async function inspected(
  { docker }: EngineContext,
  { code, stdout, stderr }: CommandRun,
): Promise<{ platform: string; created: string }> {
  assertEquals(code, 0, stderr);
  const id = new TextDecoder().decode(stdout).trim();
  const { Os, Architecture, Created } = await docker.imageInspect(id);
  await docker.imageRemove(id, { force: true });
  return { platform: `${Os}/${Architecture}`, created: Created! };
}

engineTest(
  "DOCKER_DEFAULT_PLATFORM, --platform local and SOURCE_DATE_EPOCH count as with docker's client",
  async (engine) => {
    const own = Deno.build.arch === "aarch64" ? "arm64" : "amd64";
    const foreign = own === "amd64" ? "arm64" : "amd64";
    const dockerfile = "FROM scratch\nCOPY Dockerfile /\n";
    await withBoth(engine, {}, dockerfile, async (both) => {
      for (
        const [args, env, platform, created] of [
          [[], { DOCKER_DEFAULT_PLATFORM: `linux/${foreign}` }, foreign, ""],
          [
            ["--platform", `linux/${own}`],
            { DOCKER_DEFAULT_PLATFORM: `linux/${foreign}` },
            own,
            "",
          ],
          [
            ["--platform", "local"],
            { DOCKER_DEFAULT_PLATFORM: `linux/${foreign}` },
            own,
            "",
          ],
          [[], { DOCKER_DEFAULT_PLATFORM: "local" }, own, ""],
          [
            [],
            { SOURCE_DATE_EPOCH: "1000000000" },
            own,
            "2001-09-09T01:46:40Z",
          ],
          [
            ["--build-arg", "SOURCE_DATE_EPOCH=0"],
            { SOURCE_DATE_EPOCH: "1000000000" },
            own,
            "1970-01-01T00:00:00Z",
          ],
        ] as [string[], Record<string, string>, string, string][]
      ) {
        const words = [...args, "-q"];
        const ours = await inspected(engine, await both.davit(words, env));
        assertEquals(ours.platform, `linux/${platform}`);
        if (created !== "") assertEquals(ours.created, created);
        const theirs = await inspected(engine, await both.docker(words, env));
        assertEquals(theirs.platform, ours.platform);
        if (created !== "") assertEquals(theirs.created, created);
      }
    });
  },
  isRecent,
);

/** The heads of all requests that come to an engine over TCP. */
async function listened(
  engine: EngineContext,
  use: (host: string) => Promise<unknown>,
): Promise<string[]> {
  const heads: string[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pumps: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({
        transport: "unix",
        path: engine.socketPath,
      });
      const note = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          const text = new TextDecoder("latin1").decode(chunk);
          if (/^(?:GET|HEAD|POST) \S+ HTTP\/1\.1\r\n/.test(text)) {
            heads.push(text.split("\r\n\r\n")[0]!);
          }
          controller.enqueue(chunk);
        },
      });
      // Either side may hang up first.
      pumps.push(
        near.readable.pipeThrough(note).pipeTo(far.writable).catch(() => {}),
        far.readable.pipeTo(near.writable).catch(() => {}),
      );
    }
  })();
  try {
    await use(`tcp://127.0.0.1:${listener.addr.port}`);
  } finally {
    listener.close();
    await accepting;
    await Promise.all(pumps);
  }
  return heads;
}

engineTest(
  "HttpHeaders of config.json and DOCKER_CUSTOM_HEADERS go with every request, as with docker's client",
  async (engine) => {
    const config = {
      HttpHeaders: { "X-From-Config": "config secret", "User-Agent": "mine" },
    };
    const custom = {
      DOCKER_CUSTOM_HEADERS: 'x-from-env= spaced ,"x-two=a,b",x-from-env=last',
    };
    await withBoth(
      engine,
      config,
      "FROM scratch\nLABEL a=b\n",
      async (both) => {
        for (
          const [env, there, gone] of [
            [{}, ["x-from-config: config secret"], "x-from-env"],
            [custom, ["x-from-env: last", "x-two: a,b"], "x-from-config"],
          ] as [Record<string, string>, string[], string][]
        ) {
          for (const client of ["davit", "docker"] as const) {
            const heads = await listened(engine, async (host) => {
              const { code, stderr } = await both[client](["-q"], {
                ...env,
                DOCKER_HOST: host,
              });
              assertEquals(code, 0, stderr);
            });
            assert(heads.length >= 2, heads.join("\n\n"));
            // Buildx opens connections of its own, which go without them.
            const carrying = heads.filter((head) => {
              const lines = head.split("\r\n").map((line) =>
                line.replace(/^[^:]+:/, (name) => name.toLowerCase())
              );
              return there.every((line) => lines.includes(line));
            });
            assert(carrying.length > 0, `${client}\n${heads.join("\n\n")}`);
            if (client === "davit") assertEquals(carrying, heads);
            for (const head of heads) {
              assert(!head.toLowerCase().includes(gone), head);
              assert(!/^user-agent: mine$/im.test(head), head);
            }
          }
        }
        const broken = await both.davit(["-q"], {
          DOCKER_CUSTOM_HEADERS: "no-value-hunter2",
        });
        assertEquals(broken.code, 1);
        assertStringIncludes(broken.stderr, "DOCKER_CUSTOM_HEADERS");
        assert(!broken.stderr.includes("hunter2"), broken.stderr);
      },
    );
  },
  isRecent,
);

engineTest(
  "davit says which variables it does not obey, and builds nothing past a source policy",
  async (engine) => {
    await withBoth(
      engine,
      {},
      "FROM scratch\nLABEL a=b\n",
      async ({ davit }) => {
        const { code, stderr } = await davit(
          ["-q", "--metadata-file", "../m"],
          {
            DOCKER_BUILDKIT: "0",
            BUILDX_NO_DEFAULT_LOAD: "true",
            BUILDX_GIT_LABELS: "full",
            BUILDKIT_NO_CLIENT_TOKEN: "1",
            BUILDX_METADATA_WARNINGS: "1",
          },
        );
        assertEquals(code, 0, stderr);
        assertEquals(
          stderr.trimEnd().split("\n").map((line) =>
            /^WARNING: (\w+) is not obeyed: ./.exec(line)?.[1]
          ),
          [
            "DOCKER_BUILDKIT",
            "BUILDX_NO_DEFAULT_LOAD",
            "BUILDX_GIT_LABELS",
            "BUILDKIT_NO_CLIENT_TOKEN",
            "BUILDX_METADATA_WARNINGS",
          ],
        );
        const silent = await davit(["-q"], {
          BUILDX_BUILDER: "default",
          DOCKER_BUILDKIT: "1",
          BUILDX_GIT_LABELS: "false",
          BUILDX_METADATA_WARNINGS: "1",
        });
        assertEquals([silent.code, silent.stderr], [0, ""]);
        const policy = await davit(["-q"], {
          EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: "/policy.json",
        });
        assertEquals(policy.code, 1);
        assertMatch(policy.stderr, /file that can't be read: .*policy\.json/);
      },
    );
  },
);
