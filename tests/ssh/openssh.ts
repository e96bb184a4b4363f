import { runCommand, tryCommand } from "../engines/command.ts";
import { delay } from "../engines/process.ts";
import { type Unpacked, unpacked } from "../engines/unpack.ts";

const BIN = "usr/bin";

/** OpenSSH's own client programs, fetched from Debian once. */
export async function opensshPrograms(): Promise<Unpacked> {
  return await unpacked("openssh", {
    suite: "bookworm",
    packages: ["openssh-client", "libssl3"],
    programs: [`${BIN}/ssh-agent`, `${BIN}/ssh-add`, `${BIN}/ssh-keygen`],
  });
}

/** What a program of OpenSSH's is run with. */
export interface OpensshOptions {
  /** The agent's socket. */
  readonly agent?: string;
  /** What it reads. */
  readonly stdin?: string;
}

/** Runs one of OpenSSH's programs; its exit code is the caller's to judge. */
export async function tryOpenssh(
  program: "ssh-add" | "ssh-keygen",
  args: readonly string[],
  { agent = "", stdin }: OpensshOptions = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { folder } = await opensshPrograms();
  const child = new Deno.Command(`${folder}/${BIN}/${program}`, {
    args: [...args],
    env: { LD_LIBRARY_PATH: `${folder}/lib`, SSH_AUTH_SOCK: agent },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Runs one of OpenSSH's programs and returns what it prints. */
export async function runOpenssh(
  program: "ssh-add" | "ssh-keygen",
  args: readonly string[],
  options: OpensshOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await tryOpenssh(program, args, options);
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")}: exit code ${code}\n${stderr}`);
}

/** A key pair in files. */
export interface KeyFiles {
  /** Path of the private key. */
  readonly path: string;
  /** The line of its public key. */
  readonly publicKey: string;
  /** `SHA256:…` of the public key. */
  readonly fingerprint: string;
}

/** Makes a key pair, by default an Ed25519 one. */
export async function makeKey(
  path: string,
  args: readonly string[] = ["-t", "ed25519"],
): Promise<KeyFiles> {
  await runOpenssh("ssh-keygen", [
    "-q",
    "-N",
    "",
    "-C",
    "a comment",
    "-f",
    path,
    ...args,
  ]);
  return await keyFiles(path);
}

/** The parts of a key pair that lies at `path` and `path.pub`. */
export async function keyFiles(path: string): Promise<KeyFiles> {
  const listed = await runOpenssh("ssh-keygen", ["-lf", `${path}.pub`]);
  return {
    path,
    publicKey: (await Deno.readTextFile(`${path}.pub`)).trim(),
    fingerprint: fingerprints(listed)[0]!,
  };
}

/** The fingerprints in what `ssh-add -l` and `ssh-keygen -l` print. */
export function fingerprints(text: string): string[] {
  return [...text.matchAll(/SHA256:[A-Za-z0-9+/]{43}/g)].map(([found]) =>
    found
  );
}

/** Whether a signature of `ssh-keygen -Y sign` fits its key and these words. */
export async function verifies(
  folder: string,
  key: KeyFiles,
  signature: string,
  words: string,
): Promise<boolean> {
  const signers = await Deno.makeTempFile({ dir: folder });
  const file = await Deno.makeTempFile({ dir: folder });
  await Deno.writeTextFile(signers, `signer ${key.publicKey}\n`);
  await Deno.writeTextFile(file, signature);
  const { code, stdout } = await tryOpenssh("ssh-keygen", [
    ...["-Y", "verify", "-n", "davit", "-I", "signer"],
    ...["-f", signers, "-s", file],
  ], { stdin: words });
  return code === 0 && stdout.startsWith('Good "davit" signature');
}

/** A running `ssh-agent`. */
export interface RunningAgent extends AsyncDisposable {
  /** Path of its socket. */
  readonly socket: string;
  /** Sends it a signal. */
  kill(signal: Deno.Signal): void;
  /** Adds keys. */
  add(...keys: readonly KeyFiles[]): Promise<void>;
  /** What `ssh-add -l` prints. */
  list(): Promise<string>;
}

/** Starts a real agent with its socket in this folder. */
export async function startSshAgent(
  folder: string,
  keys: readonly KeyFiles[] = [],
): Promise<RunningAgent> {
  const programs = await opensshPrograms();
  const socket = `${folder}/${crypto.randomUUID()}.sock`;
  const child = new Deno.Command(`${programs.folder}/${BIN}/ssh-agent`, {
    args: ["-D", "-a", socket],
    env: { LD_LIBRARY_PATH: `${programs.folder}/lib` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const agent: RunningAgent = {
    socket,
    kill: (signal) => child.kill(signal),
    async add(...added) {
      await runOpenssh("ssh-add", added.map(({ path }) => path), {
        agent: socket,
      });
    },
    list: async () =>
      (await tryOpenssh("ssh-add", ["-l"], { agent: socket })).stdout,
    async [Symbol.asyncDispose]() {
      for (const signal of ["SIGCONT", "SIGTERM"] as const) {
        try {
          child.kill(signal);
        } catch {
          // It was ended by the test.
        }
      }
      await child.status;
    },
  };
  try {
    // Its file is there before it listens.
    while (!await answers(socket)) await delay(5);
    if (keys.length > 0) await agent.add(...keys);
    return agent;
  } catch (error) {
    await agent[Symbol.asyncDispose]();
    throw error;
  }
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/** Folder, in the image and on the machine, that holds the C library. */
async function librariesOf(program: string): Promise<Map<string, string>> {
  const { folder } = await opensshPrograms();
  const { stdout } = await tryCommand("ldd", [program], {
    env: { LD_LIBRARY_PATH: `${folder}/lib` },
  });
  const paths = [...stdout.matchAll(/(?:=> |^\t)(\/\S+)/gm)].map((m) => m[1]!);
  const home = paths.find((path) => path.endsWith("/libc.so.6"))!
    .replace(/\/[^/]*$/, "");
  return new Map(
    paths.map((path) => [
      path.startsWith(folder) ? `${home}/${path.split("/").at(-1)}` : path,
      path,
    ]),
  );
}

/**
 * A tar of a root file system with busybox, `ssh-add` and `ssh-keygen`.
 *
 * @param busybox Path of a static busybox.
 */
export async function packOpenssh(
  busybox: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { folder } = await opensshPrograms();
  const work = await Deno.makeTempDir({ prefix: "davit-openssh-" });
  try {
    const root = `${work}/root`;
    const copies = new Map([["/bin/busybox", busybox]]);
    for (const name of ["ssh-add", "ssh-keygen"]) {
      const program = `${folder}/${BIN}/${name}`;
      copies.set(`/bin/${name}`, program);
      for (const [to, from] of await librariesOf(program)) copies.set(to, from);
    }
    for (const [to, from] of copies) {
      await Deno.mkdir(`${root}${to.replace(/\/[^/]*$/, "")}`, {
        recursive: true,
      });
      await Deno.copyFile(from, `${root}${to}`);
      await Deno.chmod(`${root}${to}`, 0o755);
    }
    for (const applet of ["sh", "cat", "sleep", "ls", "seq", "test"]) {
      await Deno.symlink("busybox", `${root}/bin/${applet}`);
    }
    await Deno.mkdir(`${root}/etc`);
    await Deno.mkdir(`${root}/tmp`);
    await Deno.chmod(`${root}/tmp`, 0o1777);
    await Deno.writeTextFile(
      `${root}/etc/passwd`,
      "root:x:0:0:root:/root:/bin/sh\n",
    );
    const tar = `${work}/root.tar`;
    const args = ["--owner=0", "--group=0", "-C", root, "-cf", tar, "."];
    await runCommand("tar", args);
    return await Deno.readFile(tar);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
