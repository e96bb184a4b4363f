import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { collectPrinted, SALT } from "../support/builds.ts";
import { sha256 } from "../support/digest.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { dockerfileTar, tarBytes } from "../support/tar.ts";
import { DAVIT, runDavit, runProgram } from "../cli/command.ts";
import { ConnectionError, DockerClient, EngineError } from "../../mod.ts";

const CERTS = new URL("./certs/", import.meta.url).pathname;

/** A secret must reach a step over this client. */
async function buildsWithSecret(docker: DockerClient): Promise<void> {
  const token = crypto.randomUUID();
  const build = docker.imageBuild(
    dockerfileTar(
      "FROM davit-test/base",
      SALT,
      "RUN --mount=type=secret,id=token sha256sum /run/secrets/token",
    ),
    { networkmode: "none", nocache: true, secrets: { token } },
  );
  const { error, printed } = await collectPrinted(build);
  assertEquals(error, undefined);
  assertStringIncludes(printed, await sha256(token));
}

/** Passes connections on to a Unix socket: node's TLS can demand a client's certificate. */
const PROXY = `
  const [kind, target, folder, host] = process.argv.slice(1);
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
  server.listen(0, host, () => console.log(server.address().port));
`;

async function withProxy(
  kind: "tcp" | "tls",
  engine: EngineContext,
  use: (port: number) => Promise<void>,
  host = "127.0.0.1",
): Promise<void> {
  await using child = new Deno.Command("node", {
    args: ["-e", PROXY, kind, engine.socketPath, CERTS, host],
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
  "a build with a secret goes over tcp to an IPv6 address, with the permission that is named",
  async (engine) => {
    await withProxy("tcp", engine, async (port) => {
      const host = `tcp://[::1]:${port}`;
      await using docker = await DockerClient.fromDockerHost(host);
      await buildsWithSecret(docker);
      const ask = (...flags: string[]) =>
        runProgram([
          ...DAVIT.flatMap((word) =>
            word === "-A"
              ? ["--no-prompt", "--allow-env", "--allow-read", ...flags]
              : [word]
          ),
          ...["-H", host, "build", "-f", "-", "."],
        ], { stdin: new TextEncoder().encode("FROM scratch\nLABEL six=6\n") });
      const refused = await ask();
      const flag = `--allow-net=[::1]:${port}`;
      assertStringIncludes(refused.stderr, flag);
      const { code, stderr } = await ask(flag);
      assertEquals(code, 0, stderr);
      const doctor = await runDavit(["-H", host, "doctor"]);
      assertEquals(doctor.code, 0, new TextDecoder().decode(doctor.stdout));
    }, "::1");
  },
);

/** The certificates in the form of `DOCKER_CERT_PATH`. */
async function certFolder(): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (
    const [from, to] of [["ca", "ca"], ["client", "cert"], [
      "client-key",
      "key",
    ]]
  ) {
    await Deno.copyFile(`${CERTS}${from}.pem`, `${folder}/${to}.pem`);
  }
  return folder;
}

engineTest(
  "TLS to this machine goes past the proxies of the environment, as docker's CLI has it",
  async (engine) => {
    await withProxy("tls", engine, async (port) => {
      const folder = await certFolder();
      const nowhere = "http://127.0.0.1:1";
      const env = {
        DOCKER_TLS_VERIFY: "1",
        DOCKER_CERT_PATH: folder,
        HTTPS_PROXY: nowhere,
        ["https_proxy"]: nowhere,
      };
      const host = `tcp://127.0.0.1:${port}`;
      const real = await runProgram(
        [engine.cli!, "build", "-q", "-"],
        {
          env: { ...engine.cliEnv, ...env, DOCKER_HOST: host },
          stdin: new TextEncoder().encode("FROM scratch\nLABEL proxied=no\n"),
        },
      );
      assertEquals(real.code, 0, real.stderr);
      await withEnvironment({ ...env, ALL_PROXY: nowhere }, async () => {
        await using docker = await DockerClient.fromDockerHost(host);
        await buildsWithSecret(docker);
        await buildsAndCancels(docker);
      });
      await Deno.remove(folder, { recursive: true });
    });
  },
  ({ cli }) => cli !== undefined,
);

/** A body that is larger than all buffers, an answer in pieces, and one that is given up. */
async function buildsAndCancels(docker: DockerClient): Promise<void> {
  const size = 24 * 1024 * 1024;
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
  const tar = await tarBytes({
    Dockerfile: "FROM scratch\nCOPY data /\n",
    data: bytes,
  });
  const id = await docker.imageBuild(new Blob([tar]).stream()).wait();
  let saved = 0;
  for await (const chunk of await docker.imageSave(id)) saved += chunk.length;
  assert(saved > size, `${saved}`);
  await docker.imageRemove(id);
  const dropped = await docker.imageSave("davit-test/base");
  await dropped.cancel();
  const stop = new AbortController();
  const build = docker.imageBuild(
    new ReadableStream({
      pull(controller) {
        controller.enqueue(tar.subarray(0, 1024 * 1024));
        return new Promise<void>(() => stop.abort(new Error("enough")));
      },
    }),
    { signal: stop.signal },
  );
  await assertRejects(() => build.wait(), Error, "enough");
  await assertRejects(
    () => docker.imageInspect("nobody/has/it"),
    EngineError,
    "404",
  );
}

engineTest(
  "a build with a secret goes over TLS with a client certificate",
  async (engine) => {
    await withProxy("tls", engine, async (port) => {
      const folder = await certFolder();
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
