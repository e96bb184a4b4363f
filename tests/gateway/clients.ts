import { CACHE, unpacked } from "../engines/unpack.ts";
import { runCommand } from "../engines/command.ts";

/** A client that people have, given a tar, a socket, a tag and the header. */
export interface GatewayClient {
  readonly name: string;
  /** Builds; gives all that it was answered. */
  build(job: ClientJob): Promise<string>;
}

/** One build by another client. */
export interface ClientJob {
  /** Path of the gateway's socket. */
  readonly socket: string;
  /** Path of the context, a tar. */
  readonly tar: string;
  readonly tag: string;
  /** Value of `X-BuildKit-Secrets`. */
  readonly header: string;
}

const PYTHON = {
  suite: "bookworm",
  packages: [
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libexpat1",
    "libssl3",
    "python3-distutils",
    "python3-docker",
    "python3-requests",
    "python3-urllib3",
    "python3-certifi",
    "python3-chardet",
    "python3-charset-normalizer",
    "python3-idna",
    "python3-packaging",
    "python3-six",
    "python3-websocket",
  ],
  programs: [
    "usr/bin/python3.11",
    "usr/lib/python3.11",
    "usr/lib/python3/dist-packages",
  ],
};

/** With the libraries that a small Debian does not have. */
const CURL = {
  suite: "bookworm",
  packages: [
    "curl",
    "libcurl4",
    "libbrotli1",
    "libcom-err2",
    "libgssapi-krb5-2",
    "libidn2-0",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "libldap-2.5-0",
    "libnghttp2-14",
    "libpsl5",
    "librtmp1",
    "libsasl2-2",
    "libssh2-1",
    "libssl3",
    "libunistring2",
  ],
  programs: ["usr/bin/curl"],
};

const NPM = ["dockerode@5.0.1", "@docker/node-sdk@0.0.17"];

const DOCKERODE = `
const Docker = require("dockerode");
const [socketPath, tar, t] = process.argv.slice(2);
const docker = new Docker({
  socketPath,
  headers: { "X-BuildKit-Secrets": process.env.DAVIT_TEST_HEADER },
});
// With version 2 it would open a session of its own, for logins alone; the header says it.
docker.buildImage(tar, { t, networkmode: "none" }).then((stream) =>
  stream.pipe(process.stdout)
).catch((error) => { console.log(String(error)); process.exitCode = 1; });
`;

const NODE_SDK = `
import { DockerClient } from "@docker/node-sdk";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
const [socket, tar, tag] = process.argv.slice(2);
const docker = await DockerClient.fromDockerHost("unix://" + socket, undefined, undefined, {
  "X-BuildKit-Secrets": process.env.DAVIT_TEST_HEADER,
});
const build = docker.imageBuild(Readable.toWeb(createReadStream(tar)), { tag, version: "2", networkmode: "none" });
for await (const message of build.messages()) console.log(JSON.stringify(message));
process.exit();
`;

const DOCKER_PY = `
import os, sys, docker
socket, tar, tag = sys.argv[1:4]
client = docker.APIClient(base_url="unix://" + socket, version="1.41")
client.headers["X-BuildKit-Secrets"] = os.environ["DAVIT_TEST_HEADER"]
with open(tar, "rb") as context:
    for line in client.build(fileobj=context, custom_context=True, tag=tag, network_mode="none"):
        sys.stdout.write(line.decode())
`;

async function nodeModules(): Promise<string> {
  const folder = `${CACHE}/gateway-clients`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  await runCommand("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    ...NPM,
  ], { cwd: folder });
  await Deno.writeTextFile(`${folder}/dockerode.cjs`, DOCKERODE);
  await Deno.writeTextFile(`${folder}/sdk.mjs`, NODE_SDK);
  return folder;
}

let modules: Promise<string> | undefined;

async function run(
  program: string,
  args: readonly string[],
  job: ClientJob,
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, {
    args: [...args, job.socket, job.tar, job.tag],
    env: { ...env, DAVIT_TEST_HEADER: job.header },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** Every client that the gateway is tried with. */
export const CLIENTS: readonly GatewayClient[] = [
  {
    name: "curl",
    async build({ socket, tar, tag, header }) {
      // By a file: what is in the arguments is in the list of processes.
      const file = await Deno.makeTempFile({ prefix: "davit-header-" });
      try {
        await Deno.writeTextFile(file, `X-BuildKit-Secrets: ${header}`);
        const { folder } = await unpacked("curl", CURL);
        const { stdout } = await new Deno.Command(`${folder}/usr/bin/curl`, {
          env: { LD_LIBRARY_PATH: `${folder}/lib` },
          args: [
            ...["-sS", "-N", "--unix-socket", socket, "-H", `@${file}`],
            ...[
              "-X",
              "POST",
              "-T",
              tar,
              `http://localhost/build?t=${tag}&networkmode=none`,
            ],
          ],
        }).output();
        return new TextDecoder().decode(stdout);
      } finally {
        await Deno.remove(file);
      }
    },
  },
  {
    name: "dockerode",
    build: async (job) =>
      await run(
        "node",
        [`${await (modules ??= nodeModules())}/dockerode.cjs`],
        job,
      ),
  },
  {
    name: "@docker/node-sdk",
    build: async (job) =>
      await run("node", [`${await (modules ??= nodeModules())}/sdk.mjs`], job),
  },
  {
    name: "docker-py",
    async build(job) {
      const { folder } = await unpacked("python3-docker", PYTHON);
      return await run(`${folder}/usr/bin/python3.11`, ["-c", DOCKER_PY], job, {
        LD_LIBRARY_PATH: `${folder}/lib`,
        PYTHONPATH: `${folder}/usr/lib/python3/dist-packages`,
        PYTHONDONTWRITEBYTECODE: "1",
      });
    },
  },
];
