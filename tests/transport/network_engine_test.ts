import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { collect, traceText } from "../support/builds.ts";
import { sha256 } from "../support/digest.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { ConnectionError, DockerClient } from "../../mod.ts";

const CERTS = new URL("./certs/", import.meta.url).pathname;

/** A secret must reach a step over this client. */
async function buildsWithSecret(docker: DockerClient): Promise<void> {
  const token = crypto.randomUUID();
  const build = docker.imageBuild(
    dockerfileTar(
      "FROM davit-test/base",
      "RUN --mount=type=secret,id=token sha256sum /run/secrets/token",
    ),
    { networkmode: "none", nocache: true, secrets: { token } },
  );
  const { messages, error } = await collect(build);
  assertEquals(error, undefined);
  assertStringIncludes(traceText(messages), await sha256(token));
}

/** Passes connections on to a Unix socket: node's TLS can demand a client's certificate. */
const PROXY = `
  const [kind, target, folder] = process.argv.slice(1);
  const fs = require("node:fs"), net = require("node:net"), tls = require("node:tls");
  const serve = (near) => {
    const far = net.connect(target);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.pipe(far).pipe(near);
  };
  const server = kind === "tcp" ? net.createServer(serve) : tls.createServer({
    key: fs.readFileSync(folder + "server-key.pem"),
    cert: fs.readFileSync(folder + "server.pem"),
    ca: fs.readFileSync(folder + "ca.pem"),
    requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2", "http/1.1"],
  }, serve);
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

async function withProxy(
  kind: "tcp" | "tls",
  engine: EngineContext,
  use: (port: number) => Promise<void>,
): Promise<void> {
  await using child = new Deno.Command("node", {
    args: ["-e", PROXY, kind, engine.socketPath, CERTS],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.getReader();
  const { value } = await lines.read();
  try {
    await use(Number(new TextDecoder().decode(value)));
  } finally {
    child.kill("SIGTERM");
    await lines.cancel();
  }
}

async function withEnvironment(
  values: Record<string, string>,
  use: () => Promise<void>,
): Promise<void> {
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  try {
    await use();
  } finally {
    for (const name of Object.keys(values)) Deno.env.delete(name);
  }
}

engineTest(
  "a build with a secret goes over tcp and unix, and no proxy of the environment comes between",
  async (engine) => {
    await withProxy("tcp", engine, async (port) => {
      const nowhere = "http://127.0.0.1:1";
      await withEnvironment({
        HTTP_PROXY: nowhere,
        http_proxy: nowhere,
        ALL_PROXY: nowhere,
      }, async () => {
        await using docker = await DockerClient.fromDockerHost(
          `tcp://127.0.0.1:${port}`,
        );
        await buildsWithSecret(docker);
        await using local = await DockerClient.fromDockerHost(engine.host);
        await buildsWithSecret(local);
      });
    });
  },
);

engineTest(
  "a build with a secret goes over TLS with a client certificate",
  async (engine) => {
    await withProxy("tls", engine, async (port) => {
      const folder = await Deno.makeTempDir();
      for (
        const [from, to] of [["ca", "ca"], ["client", "cert"], [
          "client-key",
          "key",
        ]]
      ) {
        await Deno.copyFile(`${CERTS}${from}.pem`, `${folder}/${to}.pem`);
      }
      await withEnvironment({
        DOCKER_TLS_VERIFY: "1",
        DOCKER_CERT_PATH: folder,
      }, async () => {
        for (const scheme of ["tcp", "https"]) {
          await using docker = await DockerClient.fromDockerHost(
            `${scheme}://127.0.0.1:${port}`,
          );
          await buildsWithSecret(docker);
        }
      });
      // Without them neither side trusts the other.
      await using stranger = await DockerClient.fromDockerHost(
        `https://127.0.0.1:${port}`,
      );
      await assertRejects(
        () => stranger.ping(),
        ConnectionError,
        "DOCKER_CERT_PATH",
      );
      await Deno.remove(folder, { recursive: true });
    });
  },
);

engineTest(
  "a build with a secret goes through the user's ssh",
  async (engine) => {
    // What sshd does with the words behind the host: one command line for a shell.
    const folder = await Deno.makeTempDir();
    const log = `${folder}/arguments`;
    await Deno.writeTextFile(
      `${folder}/ssh`,
      `#!/bin/sh
echo "$*" >> ${log}
while [ "$1" != -- ]; do shift; done
shift 2
exec sh -c "$*"
`,
      { mode: 0o755 },
    );
    await Deno.symlink(engine.cli!, `${folder}/docker`);
    const path = `${folder}:${Deno.env.get("PATH")}`;
    const before = Deno.env.get("PATH")!;
    await withEnvironment({ ...engine.cliEnv, PATH: path }, async () => {
      {
        await using docker = await DockerClient.fromDockerHost(
          `ssh://me@far:2222${engine.socketPath}`,
        );
        await buildsWithSecret(docker);
        assert((await docker.version()).ApiVersion.startsWith("1."));
      }
      assertStringIncludes(
        (await Deno.readTextFile(log)).split("\n")[0]!,
        `-o ConnectTimeout=30 -T -l me -p 2222 -- far docker --host 'unix://${engine.socketPath}' system dial-stdio`,
      );
      await Deno.writeTextFile(
        `${folder}/ssh`,
        "#!/bin/sh\necho 'Permission denied (publickey).' >&2\nexit 255\n",
      );
      await using denied = await DockerClient.fromDockerHost("ssh://me@far");
      await assertRejects(
        () => denied.ping(),
        ConnectionError,
        "Permission denied (publickey)",
      );
    });
    Deno.env.set("PATH", before);
    await Deno.remove(folder, { recursive: true });
  },
  ({ cli }) => cli !== undefined,
);

engineTest("a closed client says that it is closed", async ({ host }) => {
  const docker = await DockerClient.fromDockerHost(host);
  await docker.ping();
  await docker.close();
  await docker.close();
  await assertRejects(() => docker.ping(), ConnectionError, "is closed");
});

engineTest(
  "the documented permissions are enough, and each is needed",
  async ({ socketPath }) => {
    const program = `
    import { DockerClient } from "${new URL("../../mod.ts", import.meta.url)}";
    import { dockerfileTar } from "${new URL(
      "../support/tar.ts",
      import.meta.url,
    )}";
    const docker = await DockerClient.fromDockerHost("unix://${socketPath}");
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN --mount=type=secret,id=t test $(wc -c < /run/secrets/t) = 9"),
      { networkmode: "none", nocache: true, strictSecrets: true, secrets: { t: "permitted" } },
    );
    console.log(await build.wait());
    await docker.close();
  `;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, program);
    const flags = [
      `--allow-net=unix:${socketPath},localhost:80`,
      `--allow-read=${socketPath}`,
      `--allow-write=${socketPath}`,
    ];
    const run = async (allowed: string[]) => {
      const { success, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        {
          args: [
            "run",
            "--no-prompt",
            "--no-check",
            `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
            ...allowed,
            file,
          ],
          env: { NO_COLOR: "1" },
        },
      ).output();
      return {
        success,
        text: new TextDecoder().decode(stdout) +
          new TextDecoder().decode(stderr),
      };
    };
    const enough = await run(flags);
    assert(enough.success, enough.text);
    assert(/sha256:/.test(enough.text));
    for (const flag of flags) {
      const less = await run(flags.filter((one) => one !== flag));
      assert(!less.success, `works without ${flag}`);
      assertStringIncludes(less.text, "run it with --allow-net=unix:");
    }
    await Deno.remove(file);
  },
);
