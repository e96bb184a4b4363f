import { npmModules } from "../engines/npm_modules.ts";
import { unpacked } from "../engines/unpack.ts";
import { findCurl } from "./curl.ts";

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

const DOCKERODE_WORK = `
const Docker = require("dockerode");
const fs = require("node:fs");
const [socketPath, tar, repo] = process.argv.slice(2);
const docker = new Docker({ socketPath });
const end = (stream) => new Promise((resolve, reject) =>
  docker.modem.followProgress(stream, (error, all) => error ? reject(error) : resolve(all)));
(async () => {
  await docker.ping();
  const built = await end(await docker.buildImage(tar, {
    t: repo, networkmode: "none", buildargs: { A: "ü b" }, labels: { x: "y" }, rm: true, forcerm: false,
  }));
  console.log("built", built.some(({ aux }) => aux?.ID));
  const image = docker.getImage(repo);
  console.log("inspected", (await image.inspect()).Config.Labels.x);
  await image.tag({ repo, tag: "other" });
  const authconfig = { username: "u", password: "p", serveraddress: repo.split("/")[0] };
  const pushed = await end(await docker.getImage(repo + ":other").push({ authconfig, tag: "other" }));
  console.log("pushed", pushed.some(({ aux }) => aux?.Digest));
  await docker.getImage(repo + ":other").remove({ force: true });
  await end(await docker.pull(repo + ":other"));
  console.log("listed", (await docker.listImages({ all: false })).some(({ RepoTags }) => RepoTags?.includes(repo + ":other")));
  await docker.getImage(repo + ":other").remove();
  await image.remove({ force: true });
  try {
    await end(await docker.buildImage(tar, { t: repo, version: "2" }));
  } catch (error) { console.log("version 2:", error.message); }
})().catch((error) => { console.log("ERROR", String(error)); process.exitCode = 1; }).finally(() => process.exit());
`;

const DOCKER_PY_WORK = `
import os, sys, docker, tempfile
socket, tar, repo = sys.argv[1:4]
client = docker.DockerClient(base_url="unix://" + socket, version="1.41")
client.ping()
with tempfile.TemporaryDirectory() as folder:
    os.mkdir(folder + "/sub")
    open(folder + "/sub/Other", "w").write("FROM davit-test/base\\nARG A\\nLABEL a=$A\\nCOPY file /\\n")
    open(folder + "/file", "w").write("file")
    image, log = client.images.build(path=folder, dockerfile="sub/Other", tag=repo, buildargs={"A": "b"},
        labels={"x": "y"}, rm=True, network_mode="none", container_limits={"cpusetcpus": "0"}, extra_hosts={"a.example": "10.0.0.1"})
    print("built", image.labels["a"])
print("tagged", image.tag(repo, "other", force=False))
print("pushed", "digest" in client.images.push(repo, "other", auth_config={"username": "u", "password": "p"}))
client.images.remove(repo + ":other", force=True)
print("pulled", client.images.pull(repo, "other").tags)
print("listed", any(repo + ":other" in i.tags for i in client.images.list()), len(client.api.images(quiet=True)) > 0)
client.images.remove(repo + ":other")
client.images.remove(repo, force=True)
client.images.prune(filters={"label": "davit-never"})
`;

/** What the other programs do besides: builds, pushes and pulls, in the way of each. */
export const WORKERS: readonly {
  readonly name: string;
  /** Works with the images of a name; gives what it wrote. */
  work(socket: string, tar: string, repo: string): Promise<string>;
}[] = [
  {
    name: "dockerode",
    work: async (socket, tar, tag) =>
      await run(
        "node",
        [`${await (modules ??= nodeModules())}/dockerode_work.cjs`],
        { socket, tar, tag, header: "" },
      ),
  },
  {
    name: "docker-py",
    work: async (socket, tar, tag) =>
      await runPython(DOCKER_PY_WORK, { socket, tar, tag, header: "" }),
  },
];

async function runPython(program: string, job: ClientJob): Promise<string> {
  const { folder } = await unpacked("python3-docker", PYTHON);
  return await run(`${folder}/usr/bin/python3.11`, ["-c", program], job, {
    LD_LIBRARY_PATH: `${folder}/lib`,
    PYTHONPATH: `${folder}/usr/lib/python3/dist-packages`,
    PYTHONDONTWRITEBYTECODE: "1",
  });
}

async function nodeModules(): Promise<string> {
  const folder = await npmModules("gateway-clients", NPM);
  for (
    const [name, program] of [
      ["dockerode.cjs", DOCKERODE],
      ["dockerode_work.cjs", DOCKERODE_WORK],
      ["sdk.mjs", NODE_SDK],
    ] as const
  ) {
    // Put into place whole: another run may read it at this moment.
    const aside = await Deno.makeTempFile({ dir: folder });
    await Deno.writeTextFile(aside, program);
    await Deno.rename(aside, `${folder}/${name}`);
  }
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
        const { path, env } = await findCurl();
        const { stdout } = await new Deno.Command(path, {
          env,
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
    build: (job) => runPython(DOCKER_PY, job),
  },
];
