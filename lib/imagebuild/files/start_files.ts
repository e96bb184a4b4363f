import type { OperationInit } from "../../operation/operation.ts";
import type { Operations } from "../../operation/operations.ts";
import { type BuildOperation, startOperation } from "../build_operation.ts";
import {
  type BuildContext,
  giveBackSource,
  sourceOf,
} from "../context/source.ts";
import type { Fact } from "../fact.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { BuildStart } from "../run.ts";
import type { BuiltFiles } from "./built_files.ts";

/** Options about an image, or an archive, which is not made here. */
const OF_RESULTS = [
  "annotations",
  "attest",
  "cacheto",
  "outputs",
  "quiet",
  "squash",
  "tag",
  "verify",
] as const satisfies readonly (keyof ImageBuildOptions)[];

/**
 * Options of a build whose files are read: those of
 * {@linkcode ImageBuildOptions} that are not about a result, such as `target`,
 * `buildargs` and `secrets`. Those of a result (`tag`, `outputs` and others) are
 * a `TypeError` here: nothing is stored or exported.
 */
export interface BuildFilesOptions extends
  Omit<
    ImageBuildOptions,
    | "annotations"
    | "attest"
    | "cacheto"
    | "outputs"
    | "quiet"
    | "squash"
    | "tag"
    | "verify"
  > {}

/** What is needed to start such a build. */
export interface FilesInit {
  /** The running operations of the client. */
  readonly operations: Operations;
  /** The client's method that was called, for the stack of errors. */
  readonly startedBy: OperationInit<BuiltFiles, Fact>["startedBy"];
  /** What builds, from what. */
  readonly start: Omit<BuildStart, "record" | "stop" | "options">;
  /** The options as they were given, not checked yet. */
  readonly options: BuildFilesOptions;
}

/** Starts a build whose files can be read when it is done. */
export function startFiles(
  { operations, startedBy, start, options }: FilesInit,
): BuildOperation<BuiltFiles> {
  /** Resolves when everything is closed. */
  let ended: Promise<void> = Promise.resolve();
  const operation = startOperation<BuiltFiles>({
    operations,
    what: "build of files",
    startedBy,
    endsWith: "result",
    names: [],
    signal: Object(options).signal,
    run(record, stop) {
      const { promise, resolve, reject } = Promise.withResolvers<BuiltFiles>();
      const whole = (async () => {
        const { runFiles } = await import("./run_files.ts");
        checkOptions(options, start.context);
        await runFiles({ ...start, options, record, stop }, (open) => {
          // From here on it is no running build any more, but still open.
          const over = operations.run(undefined, async (closing) => {
            closing.addEventListener("abort", () => open.left());
            await whole;
          });
          over.catch(() => {}); // told to those who read
          resolve(open.files(() => {
            open.left();
            return ended;
          }));
        });
      })();
      whole.catch(reject);
      ended = whole.catch(() => {}); // told to those who wait, or read
      return promise;
    },
  });
  const { cancel } = operation;
  const cancelAll = async (reason?: unknown) => {
    await cancel(reason);
    await ended;
  };
  return Object.assign(operation, {
    cancel: cancelAll,
    [Symbol.asyncDispose]: () => cancelAll(),
  });
}

/** Refuses an option about a result; the context is given back then. */
function checkOptions(options: ImageBuildOptions, context: BuildContext): void {
  const name = OF_RESULTS.find((name) => Object(options)[name] !== undefined);
  if (name === undefined) return;
  const error = new TypeError(
    `Cannot read files of a build with ${name}: it makes no image and exports nothing; leave it out, or build an image`,
  );
  giveBackSource(sourceOf(context), error);
  throw error;
}
