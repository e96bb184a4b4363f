import { serveGateway } from "../../mod.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { findCurl } from "../gateway/curl.ts";
import type { EngineContext } from "../support/engines.ts";
import { writeTree } from "../support/folder.ts";
import { startRegistry } from "../support/registry.ts";
import { tarBytes } from "../support/tar.ts";
import { openDenoApp } from "./deno_app/open_app.ts";
import { denoFolder } from "./deno_folder.ts";

const ROOT_URL = new URL("../../", import.meta.url);
const ROOT = ROOT_URL.pathname;

/**
 * Ids of secrets that the program of the page of secrets gives, which wants all of
 * them to be mounted, and no others.
 */
const SECRETS = [
  "github_token",
  "npm_token",
  "ssh_key",
  "binary",
  "opaque",
  "vault",
];

/** A Dockerfile that takes whatever secrets there are. */
const DOCKERFILE = `FROM davit-test/base
COPY hello.txt /
RUN --network=none ${
  SECRETS.map((id) => `--mount=type=secret,id=${id}`).join(" ")
} ls /run/secrets || true
`;

/** What the programs of a page find in the place of what a reader has. */
export interface StandIns extends AsyncDisposable {
  /** Their working folder. */
  readonly folder: string;
  /** Their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The text of a program, with the reader's addresses exchanged for those of the stand-ins. */
  adapt(text: string): string;
}

/** What only some pages need. */
export interface WantedStandIns {
  /** Platforms of BuildKit daemons, by the names in `/run/NAME/buildkitd.sock`. */
  readonly daemons?: Readonly<Record<string, string>>;
  /**
   * A BuildKit daemon at its default socket and at `tcp://builds.example:1234`,
   * with the certificates for that in the folder `certs`.
   */
  readonly daemon?: boolean;
  /** `examples/deno-app` with its private registry, and docker's command. */
  readonly denoApp?: boolean;
  /** curl, which a small Debian does not have. */
  readonly curl?: boolean;
}

/**
 * Makes ready what a reader of the pages would have: an engine that docker's
 * variables lead to, a folder `./app` with a Dockerfile, secrets, a registry,
 * an ssh agent, the command `davit`.
 */
export async function standIns(
  engine: EngineContext,
  wanted: WantedStandIns = {},
): Promise<StandIns> {
  await using stack = new AsyncDisposableStack();
  stack.use(await aloneOn(engine));
  const folder = await Deno.makeTempDir({ prefix: "davit-docs-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  // What programs of pages leave for their readers to look at.
  await Deno.mkdir(`${folder}/tmp`);
  const registry = stack.use(await startRegistry());
  const gateway = stack.use(
    await serveGateway({
      engine: engine.host,
      listen: { hostname: "127.0.0.1", port: 0, plainLoopback: true },
    }),
  );
  stack.use(await openAgent(`${folder}/agent.sock`));
  await writeFiles(folder, engine.host);
  for (const name of ["base:1", "app:amd64", "app:arm64"]) {
    await registry.put(name);
  }
  await nameImages(engine, registry.host, stack);
  const daemons = new Map<string, string>();
  for (const [name, platform] of Object.entries(wanted.daemons ?? {})) {
    const daemon = stack.use(await startBuildkitd({ platforms: [platform] }));
    daemons.set(`unix:///run/${name}/buildkitd.sock`, daemon.address);
  }
  if (wanted.daemon) {
    const { address, tcpAddress, tls } = stack.use(
      await startBuildkitd({ tcp: true }),
    );
    daemons.set("unix:///run/buildkit/buildkitd.sock", address);
    daemons.set("tcp://builds.example:1234", tcpAddress);
    await writeTree(
      folder,
      Object.fromEntries(
        Object.entries(tls).map(([name, text]) => [`certs/${name}.pem`, text]),
      ),
    );
  }
  const npmToken = `npm_${crypto.randomUUID()}`;
  let working = folder;
  if (wanted.curl) {
    const { path, env } = await findCurl();
    await writeProgram(
      folder,
      "curl",
      `LD_LIBRARY_PATH=${env.LD_LIBRARY_PATH} exec ${path} "$@"`,
    );
  }
  if (wanted.denoApp) {
    const app = stack.use(await openDenoApp(engine, { home: folder }));
    app.registry.tokens.add(npmToken);
    working = app.folder;
    if (engine.cli !== undefined) {
      await writeProgram(
        folder,
        "docker",
        // The engine has no network but the machine's.
        `[ "$1" != run ] || { shift; set -- run --network=host "$@"; }; exec ${engine.cli} "$@"`,
      );
    }
  }
  const exchanged: readonly (readonly [from: string, to: string])[] = [
    ...daemons,
    ["npm_0123456789abcdef", npmToken],
    ["davit build -t acme-app", "davit build --network=host -t acme-app"],
    ["registry.example", registry.host],
    ["https://builds.example.com", gateway.address.replace("tcp:", "http:")],
    ["jsr:@davit/build/cli", `${ROOT}lib/cli/main.ts`],
    ["/var/run/docker.sock", engine.socketPath],
    ["/run/user/1000/", `${folder}/`],
    ["/run/d.sock", `${folder}/d.sock`],
  ];
  const whole = stack.move();
  return {
    folder: working,
    env: {
      HOME: folder,
      TMPDIR: `${folder}/tmp`,
      PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
      DENO_DIR: await denoFolder(),
      NO_COLOR: "1",
      DOCKER_HOST: engine.host,
      DOCKER_CONFIG: `${folder}/docker`,
      SSH_AUTH_SOCK: `${folder}/agent.sock`,
      NPM_TOKEN: npmToken,
      GITHUB_TOKEN: `ghp_${crypto.randomUUID()}`,
    },
    adapt: (text) =>
      exchanged.reduce((text, [from, to]) => text.replaceAll(from, to), text),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/**
 * Waits until no other run has a page on this engine: the programs of all pages
 * name their images as readers do.
 */
async function aloneOn({ socketPath }: EngineContext): Promise<Disposable> {
  // The lock of a folder ends with its file, or with the process.
  const folder = await Deno.open(socketPath.replace(/[^/]+$/, ""));
  await folder.lock(true);
  return folder;
}

async function writeFiles(folder: string, host: string): Promise<void> {
  const project = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const app = { Dockerfile: DOCKERFILE, "hello.txt": "hello" };
  await writeTree(folder, {
    "deno.json": JSON.stringify({
      imports: {
        ...project.imports,
        ...Object.fromEntries(
          Object.entries<string>(project.exports).map(([name, path]) => [
            `${project.name}${name.slice(1)}`,
            new URL(path, ROOT_URL).href,
          ]),
        ),
      },
    }),
    "docker/config.json": "{}",
    ".local/share/bash-completion/completions/": "",
    ...app,
    ...Object.fromEntries(
      Object.entries(app).map(([name, text]) => [`app/${name}`, text]),
    ),
    "context.tar": await tarBytes(app),
    "dist/index.js": "console.log(1);\n",
    "id": "a key of no use",
    "cert.pem": "a certificate of no use",
    // What a reader's own program may be.
    "build.ts": `
      import { DockerClient } from "@davit/build";
      await using docker = await DockerClient.fromDockerHost("${host}");
      console.log(await docker.imageBuild(ReadableStream.from([])).wait().catch(() => "no Dockerfile"));
    `,
  });
  const programs = {
    davit:
      `exec deno run -A --no-check --config=${ROOT}deno.json ${ROOT}lib/cli/main.ts "$@"`,
    deno: `exec ${Deno.execPath()} "$@"`,
    // git clone REPOSITORY FOLDER: this checkout
    git: `exec ln -s ${ROOT} "$3"`,
    // npx -y deno@VERSION …
    npx: `shift 2; exec ${Deno.execPath()} "$@"`,
    pass: "echo a-value-that-was-kept",
  };
  for (const [name, line] of Object.entries(programs)) {
    await writeProgram(folder, name, line);
  }
}

async function writeProgram(
  folder: string,
  name: string,
  line: string,
): Promise<void> {
  await writeTree(folder, { [`bin/${name}`]: `#!/bin/sh\n${line}\n` });
  await Deno.chmod(`${folder}/bin/${name}`, 0o755);
}

/** Images that a reader has, and those that the programs make, gone at the end. */
async function nameImages(
  { docker }: EngineContext,
  registry: string,
  stack: AsyncDisposableStack,
): Promise<void> {
  const base = "davit-test/base";
  await docker.imageTag(base, `${registry}/app`, "1");
  await docker.imageTag(base, "busybox", "latest");
  stack.defer(async () => {
    for (
      const name of [
        ...["busybox:latest", "myapp:latest", "myapp:dev", "app:latest"],
        ...["app:1", "base:1", "site:1", "src:1", "top:1"],
        ...["base:1", "app:1", "app:2", "app:inline"].map((name) =>
          `${registry}/${name}`
        ),
      ]
    ) {
      // Not every page makes all of them.
      await docker.imageRemove(name, { force: true }).catch(() => {});
    }
  });
}

/** An ssh agent without keys: `SSH_AGENT_IDENTITIES_ANSWER` for each question. */
async function openAgent(path: string): Promise<AsyncDisposable> {
  const listener = Deno.listen({ transport: "unix", path });
  const serving = (async () => {
    for await (const conn of listener) {
      void (async () => {
        using open = conn;
        const answer = Uint8Array.of(0, 0, 0, 5, 12, 0, 0, 0, 0);
        while (await open.read(new Uint8Array(1024))) await open.write(answer);
      })().catch(() => {}); // hung up on
    }
  })();
  await Promise.resolve();
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}
