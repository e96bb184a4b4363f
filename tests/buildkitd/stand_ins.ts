// Programs in the place of kubectl and ssh: no machine of the tests has a
// cluster or a server to log in to. What they are called with is checked as far
// as the real ones would; the connection that they give is BuildKit's own
// `buildctl dial-stdio`, to a real daemon.

/** What the stand-ins lead to. */
export interface StandInOptions {
  /** Path of BuildKit's own client. */
  readonly buildctl: string;
  /** Address of the daemon in each pod. */
  readonly pods?: Readonly<Record<string, string>>;
  /** What `kubectl get` prints of each application, by its label. */
  readonly applications?: Readonly<Record<string, unknown>>;
  /** Address of the daemon on each host. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** Programs in the place of others, first in this process's PATH until disposed of. */
export interface StandIns extends AsyncDisposable {
  /** The folder with `kubectl` and `ssh`. */
  readonly folder: string;
  /** The arguments of each call so far, its program first. */
  calls(): Promise<string[][]>;
}

/** Puts stand-ins for `kubectl exec` and `ssh` in the front of PATH. */
export async function standIns(options: StandInOptions): Promise<StandIns> {
  const { buildctl, pods = {}, hosts = {}, applications = {} } = options;
  const folder = await Deno.makeTempDir({ prefix: "davit-stand-ins-" });
  const log = `${folder}/calls`;
  await Deno.writeTextFile(log, "");
  const dial = (addresses: Readonly<Record<string, string>>) =>
    Object.entries(addresses).map(([name, address]) =>
      `${name}) exec "${buildctl}" --addr "${address}" dial-stdio ;;`
    ).join("\n");
  // One line for each call, its words apart by a byte that no word has.
  const record = `record() { printf '%s\\037' "$@"; echo; }
record "\${0##*/}" "$@" >>"${log}"`;
  for (const [name, answer] of Object.entries(applications)) {
    const text = typeof answer === "string" ? answer : JSON.stringify(answer);
    await Deno.writeTextFile(`${folder}/${name}.json`, text);
  }
  const list = Object.keys(applications).map((name) =>
    `  *" --selector=app=${name} "*) exec cat "${folder}/${name}.json" ;;`
  ).join("\n");
  // kubectl [flags] exec [flags] [-i] POD [flags] -- COMMAND: without -i there is no input.
  const kubectl = `#!/bin/sh
${record}
case " $* " in
*" get pods "*|*" get deployments,pods "*)
  case " $* " in
${list}
  esac
  echo "error: the server doesn't have a resource of this label" >&2
  exit 1 ;;
esac
verb= pod= stdin=
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -i|--stdin|--stdin=true) stdin=yes ;;
    -n|-c|--namespace|--container|--context|--kubeconfig) shift ;;
    -*=*) ;;
    -*) echo "error: unknown flag: $1" >&2; exit 1 ;;
    exec) verb=exec ;;
    *) pod=\${1#pod/} ;;
  esac
  shift
done
[ "$verb $*" = "exec buildctl dial-stdio" ] || { echo "error: the stand-in only knows exec of buildctl dial-stdio, not $verb $*" >&2; exit 1; }
[ -n "$stdin" ] || exec </dev/null
case $pod in
${dial(pods)}
esac
echo "Error from server (NotFound): pods \\"$pod\\" not found" >&2
exit 1
`;
  // ssh [-o OPTION] [-l USER] [-p PORT] [-T] [--] HOST COMMAND
  const ssh = `#!/bin/sh
${record}
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    -o|-l|-p|-i) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
host=\${1##*@}; shift
[ "$1" != -- ] || shift
[ "$*" = "buildctl dial-stdio" ] || { echo "the stand-in only knows buildctl dial-stdio, not $*" >&2; exit 127; }
case $host in
${dial(hosts)}
esac
echo "ssh: Could not resolve hostname $host: Name or service not known" >&2
exit 255
`;
  for (const [name, text] of Object.entries({ kubectl, ssh })) {
    await Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o755 });
  }
  const path = Deno.env.get("PATH") ?? "/usr/bin:/bin";
  Deno.env.set("PATH", `${folder}:${path}`);
  return {
    folder,
    async calls() {
      const lines = (await Deno.readTextFile(log)).split("\n").slice(0, -1);
      return lines.map((line) => line.split("\x1f").slice(0, -1));
    },
    async [Symbol.asyncDispose]() {
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    },
  };
}
