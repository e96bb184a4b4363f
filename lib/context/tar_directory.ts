import { checkOptionNames } from "../option_names.ts";
import { packingError } from "./context_error.ts";
import { ContextFilter } from "./filter.ts";
import { parseIgnoreFile } from "./ignore_file.ts";
import { findIgnoreRules } from "./ignore_rules.ts";
import { findRoot } from "./root.ts";
import { type TarContents, TarSource } from "./tar_stream.ts";

/** Options of {@linkcode tarDirectory}. */
export interface TarDirectoryOptions {
  /**
   * Patterns as in a `.dockerignore`, which are used instead of the ignore
   * files.
   */
  readonly ignore?: readonly string[] | undefined;
  /**
   * Path of the Dockerfile in the folder: it is the first entry, and its own
   * ignore file is preferred to `.dockerignore`.
   *
   * @default {"Dockerfile"}
   */
  readonly dockerfile?: string | undefined;
  /**
   * The latest time that an entry may have, in seconds since 1970: later ones
   * are set to it, so that the same files give the same bytes
   * (`SOURCE_DATE_EPOCH` of reproducible-builds.org).
   */
  readonly sourceDateEpoch?: number | undefined;
  /** Ends the stream, which fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  ignore: true,
  dockerfile: true,
  sourceDateEpoch: true,
  signal: true,
} satisfies Record<keyof TarDirectoryOptions, true>;

/**
 * Packs a folder as a tar, in the form in which `imageBuild()` sends it where
 * there is no session.
 *
 * Ignore files are obeyed. The ignore file and the Dockerfile are always
 * packed, because an engine looks for them. Entries are sorted, links stay
 * links, owner and group are root. The format is ustar, with PAX records for
 * long names, for lengths from 8 GiB on and for fractions of a second (the time
 * of the first entry is in whole seconds, since engines do not recognise a tar
 * that begins with a PAX header). Sockets are left out, as docker does.
 *
 * The folder is read only as fast as the stream is, in chunks of half a MiB. If
 * something can't be read, or a file becomes shorter meanwhile, the stream
 * fails with a {@linkcode ContextError}.
 *
 * @param path The folder's path, or its `file:` URL.
 * @throws {TypeError} If an option has the wrong form.
 * @throws {ContextError} If a pattern of `ignore` is wrong.
 * @example
 * ```ts
 * import { tarDirectory } from "@davit/build";
 *
 * await using file = await Deno.create("app.tar");
 * await tarDirectory("./app", { sourceDateEpoch: 0 }).pipeTo(file.writable);
 * ```
 */
export function tarDirectory(
  path: string | URL,
  options: TarDirectoryOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  checkOptionNames("pack", options, OPTIONS);
  const { ignore, dockerfile = "Dockerfile", sourceDateEpoch, signal } =
    options;
  if (path instanceof URL ? path.protocol !== "file:" : path === "") {
    throw new TypeError("Cannot pack: a folder is its path, or a file: URL");
  }
  if (sourceDateEpoch !== undefined && !Number.isInteger(sourceDateEpoch)) {
    throw new TypeError("Cannot pack: sourceDateEpoch is whole seconds");
  }
  if (ignore !== undefined && !Array.isArray(ignore)) {
    throw new TypeError("Cannot pack: ignore is a list of patterns");
  }
  const given = ignore && filterOf(ignore);
  const prepare = async (): Promise<TarContents> => {
    const root = (await findRoot(path)).path;
    const rules = given === undefined
      ? await findIgnoreRules(root, dockerfile)
      : { filter: given, file: undefined };
    return {
      root,
      filter: rules.filter,
      first: rules.file === undefined ? [dockerfile] : [dockerfile, rules.file],
      latestMs: sourceDateEpoch === undefined
        ? undefined
        : sourceDateEpoch * 1000,
    };
  };
  const source = new TarSource(prepare, signal);
  return new ReadableStream({
    start: (controller) => source.start(controller),
    async pull(controller) {
      try {
        await source.pull(controller);
      } catch (error) {
        throw packingError(error);
      }
    },
    cancel: () => source.cancel(),
  }, { highWaterMark: 0 });
}

function filterOf(ignore: readonly string[]): ContextFilter {
  try {
    return new ContextFilter({ exclude: parseIgnoreFile(ignore.join("\n")) });
  } catch (error) {
    throw packingError(error);
  }
}
