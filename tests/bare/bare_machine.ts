/**
 * Runs a command on a bare Debian, in a clone of this checkout: what a README
 * promises has to work where there is nothing but node and npm.
 *
 *     deno task bare 'npx -y deno@2.9.6 task demo'
 *
 * As root on Debian, with debootstrap. The Debian is made anew each time in a
 * folder of its own below /tmp (a minute, 400 MB) and removed; with
 * DAVIT_BARE=FOLDER it is kept there for the next run. Only commits are cloned.
 */
import { mirrorsOfThisMachine } from "../engines/apt.ts";
import { runCommand, tryCommand } from "../engines/command.ts";
import { say, supervise } from "../engines/supervise.ts";

const SUITE = "bookworm";

/** Variables that name certificates, which clients inside have to trust, too. */
const CERTIFICATES = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"];

/**
 * A mount namespace of its own, with the Debian as its root and the machine's
 * processes, devices and system: engines are started inside.
 */
const ENTER = `
set -eu
mount --bind "$1" "$1"; cd "$1"
mount -t proc proc proc; mount --rbind /sys sys; mount --rbind /dev dev
mkdir -p .outside; pivot_root . .outside; umount -l /.outside; rmdir /.outside
cd /project; exec bash -c "$2"
`;

async function install(root: string, signal: AbortSignal): Promise<void> {
  const [mirror] = await mirrorsOfThisMachine();
  const { code } = await tryCommand("sh", ["-c", "command -v debootstrap"]);
  if (mirror === undefined || code !== 0) {
    throw new Error(
      "Cannot make a bare Debian: this takes a Debian with debootstrap (apt-get install debootstrap)",
    );
  }
  say(`making a Debian in ${root}`);
  await runCommand("debootstrap", [
    "--variant=minbase",
    "--include=ca-certificates",
    SUITE,
    root,
    mirror,
  ], { signal });
  for (const path of ["/etc/resolv.conf", "/etc/hosts"]) {
    await Deno.copyFile(path, root + path);
  }
  await copyIfThere(`${Deno.env.get("HOME")}/.npmrc`, `${root}/root/.npmrc`);
  for (const name of CERTIFICATES) {
    const path = Deno.env.get(name);
    if (path) await copyIfThere(path, root + path);
  }
  await runCommand("chroot", [
    root,
    "sh",
    "-c",
    "apt-get update && apt-get install -y --no-install-recommends nodejs npm",
  ], { signal, env: { DEBIAN_FRONTEND: "noninteractive" } });
}

async function copyIfThere(from: string, to: string): Promise<void> {
  const bytes = await Deno.readFile(from).catch(() => undefined);
  if (bytes === undefined) return; // not every machine has one
  await Deno.mkdir(to.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeFile(to, bytes);
}

/** Names of nothing else: a folder of ours, or one that the user named. */
async function remove(root: string): Promise<void> {
  await runCommand("rm", ["-rf", "--one-file-system", root]);
}

if (import.meta.main) {
  const [command, ...rest] = Deno.args;
  if (command === undefined || rest.length > 0) {
    say("Usage: deno task bare 'COMMAND'", Deno.stderr);
    Deno.exit(2);
  }
  const kept = Deno.env.get("DAVIT_BARE");
  const root = kept ??
    await Deno.makeTempDir({ dir: "/tmp", prefix: "davit-bare-" });
  Deno.exit(
    await supervise(async ({ signal, run }) => {
      try {
        const made = await tryCommand("test", ["-x", `${root}/usr/bin/npm`]);
        if (made.code !== 0) await install(root, signal);
        await remove(`${root}/project`);
        await runCommand("git", [
          "clone",
          "--quiet",
          `${import.meta.dirname}/../..`,
          `${root}/project`,
        ], { signal });
        return await run("unshare", [
          ...["--mount", "--propagation", "private"],
          ...["bash", "-c", ENTER, "enter", root, command],
        ], { HOME: "/root", TMPDIR: "/tmp" });
      } finally {
        if (kept === undefined) await remove(root);
      }
    }),
  );
}
