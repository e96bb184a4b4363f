// Every Dockerfile of the tests' collection, as a build of the library: those of
// the command with the options that its flags stand for.

import { type Case, CASES } from "../cli/dockerfiles.ts";
import { FLAG_CASES } from "../cli/flag_cases.ts";
import { withStdin } from "../cli/in_process.ts";
import { INPUT_CASES } from "../cli/input_cases.ts";
import { SAMPLE_BUILDS } from "../progress/builds.ts";
import { writeTree } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { buildInput } from "../../lib/cli/build_input.ts";
import { buildOptions } from "../../lib/cli/build_options.ts";
import { FlagError, UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import type {
  BuildContext,
  DockerClient,
  ImageBuild,
  ImageBuildOptions,
} from "../../mod.ts";
import { ERROR_CASES } from "./error_texts.ts";
import { FAILING, RECENT, TWICE } from "./failing_dockerfiles.ts";

/** A build of the collection. */
export interface CollectedBuild {
  readonly name: string;
  /** Whether an old engine does something else, or dies of it. */
  readonly recent: boolean;
  /** Whether one of two places is named, by chance. */
  readonly chance?: boolean;
  /** Folder or file that it writes, beside the context. */
  readonly output?: string;
  /**
   * Starts it in a folder of its own, which is the process's meanwhile, and
   * waits for its end.
   *
   * @param more Options besides its own.
   * @returns Nothing, if the command would refuse its words.
   */
  run(
    docker: DockerClient,
    context: string,
    more: ImageBuildOptions,
    use: (build: ImageBuild) => Promise<void>,
  ): Promise<boolean>;
}

/** Every build of the collection. */
export const COLLECTED_BUILDS: readonly CollectedBuild[] = [
  ...[...CASES, ...INPUT_CASES].map((test) => ofCommand(test, "")),
  ...FLAG_CASES.map((test) => ofCommand(test, "flags: ")),
  ...SAMPLE_BUILDS.map(({ name, dockerfile, query = {} }) =>
    ofFiles(
      `sample: ${name}`,
      { Dockerfile: dockerfile, "hello.txt": "hello\n" },
      query,
      name === "heredoc",
    )
  ),
  ...FAILING.map(([, ...lines]) => {
    const dockerfile = `${lines.join("\n")}\n`;
    const name = `fails: ${lines.join("; ")}`;
    const build = ofFiles(
      name,
      { Dockerfile: dockerfile },
      {},
      RECENT.test(name),
    );
    return { ...build, chance: TWICE.test(dockerfile) };
  }),
  ...ERROR_CASES.map(({ title, dockerfile, options }) =>
    ofFiles(title, { Dockerfile: dockerfile.join("\n") }, options, false)
  ),
];

function ofFiles(
  name: string,
  files: Readonly<Record<string, string>>,
  options: ImageBuildOptions | undefined,
  recent: boolean,
): CollectedBuild {
  return {
    name,
    recent,
    async run(docker, context, more, use) {
      await writeTree(context, files);
      await using build = docker.imageBuild(context, { ...options, ...more });
      await use(build);
      return true;
    },
  };
}

function ofCommand(test: Case, prefix: string): CollectedBuild {
  const { name, recent = false, output } = test;
  return {
    name: prefix + name,
    recent,
    ...(output === undefined ? {} : { output }),
    async run(docker, context, more, use) {
      await writeTree(context, test.files);
      if (name === "ADD of a local tar") {
        await Deno.writeFile(
          `${context}/a.tar`,
          await tarBytes({ "in/a": "a" }),
        );
      }
      const before = Deno.cwd();
      Deno.chdir(context);
      try {
        const stdin = typeof test.stdin === "string"
          ? new TextEncoder().encode(test.stdin)
          : test.stdin;
        return await withStdin(stdin, async () => {
          const given = await understood(test);
          if (given === undefined) return false;
          const { tag: _tag, ...options } = { ...given.options, ...more };
          // As the command does: an export has no name.
          const tag = output === undefined ? more.tag : undefined;
          await using build = docker.imageBuild(given.context, {
            ...options,
            ...(tag === undefined ? {} : { tag }),
          });
          await use(build);
          return true;
        });
      } finally {
        Deno.chdir(before);
      }
    },
  };
}

/** What the command would ask the library for. */
async function understood(
  { args = [], path = ".", pipes }: Case,
): Promise<
  { context: BuildContext; options: ImageBuildOptions } | undefined
> {
  // Standard output is not the test's to write.
  if (pipes) return undefined;
  try {
    const parsed = parseWords([...args, path], BUILD_FLAGS);
    if (parsed.words.length !== 1) return undefined;
    const { options, plan: { outputs } } = await buildOptions(parsed);
    const { context, ...named } = await buildInput(
      path,
      parsed,
      new AbortController().signal,
    );
    const to = outputs.length === 0 ? {} : { outputs };
    return { context, options: { ...options, ...named, ...to } };
  } catch (error) {
    if (error instanceof UsageError || error instanceof FlagError) {
      return undefined;
    }
    throw error;
  }
}
