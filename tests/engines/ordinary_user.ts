import { runCommand } from "./command.ts";
import { CACHE } from "./kept_folder.ts";

/** What works on files, and what exports to them: where the rights of a file count. */
const SUITE = [
  "tests/imagebuild/folder_inputs_test.ts",
  "tests/imagebuild/folder_tar_test.ts",
  "tests/imagebuild/given_files_test.ts",
  "tests/cli/build_input_test.ts",
  "tests/context/closed_test.ts",
  "tests/context/entry_times_test.ts",
  "tests/context/exchanged_test.ts",
  "tests/context/overlay_test.ts",
  "tests/context/read_test.ts",
  "tests/context/root_test.ts",
  "tests/context/tar_directory_test.ts",
  "tests/context/tar_header_test.ts",
  "tests/context/tar_stream_test.ts",
  "tests/context/walk_test.ts",
  "tests/exporter/archive_test.ts",
  "tests/exporter/exchanged_test.ts",
  "tests/exporter/folder_exporter_test.ts",
  "tests/exporter/merge_test.ts",
  "tests/exporter/output_test.ts",
  "tests/exporter/parts_test.ts",
  "tests/exporter/place_test.ts",
  "tests/exporter/staged_test.ts",
  "tests/fsutil/folder_local_test.ts",
  "tests/fsutil/races_test.ts",
  "tests/fsutil/same_file_test.ts",
  "tests/fsutil/send_parts_test.ts",
  "tests/fsutil/send_test.ts",
  "tests/verify/exchanged_test.ts",
];

/** A uid and gid that no account of the machine has. */
const ORDINARY = 61_184;

/** What the checkout's copy consists of. */
const CHECKOUT = ["deno.json", "deno.lock", "mod.ts", "lib", "tests"];

/** A command with its arguments and environment, and the copies that it reads. */
export interface OrdinaryUserCommand extends AsyncDisposable {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The command that runs the tests of files once more as an ordinary user, whom
 * the modes of files bind; nothing if the run's own user is one. Deno, the
 * checkout and the modules are copied to where others can read them.
 */
export async function ordinaryUserCommand(): Promise<
  OrdinaryUserCommand | undefined
> {
  if (Deno.uid() !== 0) return undefined;
  const area = await Deno.makeTempDir({ prefix: "davit-user-" });
  const remove = () => Deno.remove(area, { recursive: true });
  try {
    await Deno.chmod(area, 0o755);
    await copyFor(area);
    return {
      program: "env",
      args: [
        ...["-C", `${area}/checkout`],
        ...["setpriv", `--reuid=${ORDINARY}`, `--regid=${ORDINARY}`],
        "--clear-groups",
        ...[`${area}/deno`, "test", "-A", "--no-prompt", "--no-check"],
        ...["--cached-only", ...SUITE],
      ],
      env: {
        DENO_DIR: `${area}/modules`,
        HOME: `${area}/home`,
        TMPDIR: `${area}/tmp`,
      },
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Makes in `area` what the user reads, and the folders that are the user's own. */
async function copyFor(area: string): Promise<void> {
  const root = await Deno.realPath(`${import.meta.dirname}/../..`);
  await Deno.copyFile(Deno.execPath(), `${area}/deno`);
  const { npmCache } = JSON.parse(
    await runCommand(Deno.execPath(), ["info", "--json"]),
  );
  const { imports } = JSON.parse(
    await Deno.readTextFile(`${root}/deno.json`),
  ) as { imports: Record<string, string> };
  const packages = new Set(
    Object.values(imports).map((specifier) =>
      /^npm:(@[^/]+\/[^@/]+|[^@/]+)/.exec(specifier)![1]!
    ),
  );
  const registry = "registry.npmjs.org";
  const modules = `${area}/modules/npm/${registry}`;
  const own = ["home", "tmp", "modules"].map((name) => `${area}/${name}`);
  for (const folder of [...own, modules, `${area}/checkout`]) {
    await Deno.mkdir(folder, { recursive: true });
  }
  const copy = async (from: string, names: Iterable<string>, to: string) => {
    const script = 'tar -C "$1" "--exclude=$2" -cf - -- $3 | tar -C "$4" -xf -';
    const args = [
      from,
      CACHE.replace(`${root}/`, ""),
      [...names].join(" "),
      to,
    ];
    await runCommand("sh", ["-c", script, "sh", ...args]);
  };
  await copy(root, CHECKOUT, `${area}/checkout`);
  await copy(`${npmCache}/${registry}`, packages, modules);
  await runCommand("chmod", ["-R", "a+rX", area]);
  await runCommand("chown", ["-R", `${ORDINARY}:${ORDINARY}`, ...own]);
}
