import type { ImageBuildOptions } from "../options.ts";
import { type BuildStart, runImageBuild } from "../run.ts";
import { callWay } from "./call_way.ts";
import type { FrontendAnswer } from "./frontend_call.ts";
import type { FileNames } from "./read_places.ts";

/** A question that was answered. */
export interface AnsweredCall {
  /** The answer. */
  readonly answer: FrontendAnswer;
  /** The names of the files in it: paths in the context. */
  readonly nameOf: FileNames;
}

/** The name of a question; it is a part of `frontend.NAME`. */
const NAME_REGEXP = /^[A-Za-z0-9][\w.-]*$/;

/**
 * Asks the frontend about a Dockerfile, with the context and the options of a
 * build.
 *
 * @param name The question, such as `lint`.
 * @throws {TypeError} If the name can't be one.
 */
export async function runCall(
  start: BuildStart,
  name: string,
): Promise<AnsweredCall> {
  if (typeof name !== "string" || !NAME_REGEXP.test(name)) {
    throw new TypeError(
      `Cannot ask the frontend for ${
        JSON.stringify(name)
      }: a question has a name such as "lint" or "outline"`,
    );
  }
  let answer: FrontendAnswer | undefined;
  await runImageBuild({
    ...start,
    options: withoutResult(start.options),
    way: callWay(name, (given) => answer = given),
  });
  const dockerfile = start.record.dockerfile();
  return {
    answer: answer!, // without an answer the way has thrown
    nameOf: (file, text) => dockerfile?.text === text ? dockerfile.name : file,
  };
}

/**
 * The options without those about a result of the build, of which none is made:
 * its names, its outputs, its caches, and what is recorded, searched and
 * required of it.
 */
function withoutResult(options: ImageBuildOptions): ImageBuildOptions {
  const {
    annotations: _annotations,
    attest: _attest,
    cachefrom: _cachefrom,
    cacheto: _cacheto,
    outputs: _outputs,
    quiet: _quiet,
    strictSecrets: _strictSecrets,
    tag: _tag,
    verify: _verify,
    ...rest
  } = Object(options) as ImageBuildOptions; // not checked yet
  return { ...rest, outputs: { type: "cacheonly" } };
}
