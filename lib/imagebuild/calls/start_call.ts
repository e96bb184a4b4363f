import type { Operations } from "../../operation/operations.ts";
import { type BuildOperation, startOperation } from "../build_operation.ts";
import type { ImageBuildOptions } from "../options.ts";
import type { BuildStart } from "../run.ts";
import type {
  DockerfileCheck,
  DockerfileOutline,
  DockerfileTarget,
} from "./answers.ts";
import type { FrontendAnswer } from "./frontend_call.ts";
import type { AnsweredCall } from "./run_call.ts";

/** What is needed to ask about a Dockerfile. */
export interface CallInit {
  /** The running operations of the client. */
  readonly operations: Operations;
  /** The client's method that was called, for the stack of errors. */
  readonly startedBy: { readonly name: string };
  /** What builds, from what. */
  readonly start: Omit<BuildStart, "record" | "stop" | "options">;
  /** The options as they were given, not checked yet. */
  readonly options: ImageBuildOptions;
}

/** Checks a Dockerfile by BuildKit's rules. */
export function startCheck(init: CallInit): BuildOperation<DockerfileCheck> {
  return startCall(init, "lint", async ({ answer, nameOf }) => {
    const { readCheck } = await import("./read_answer.ts");
    return readCheck(answer, nameOf);
  });
}

/** Asks what can be given to the build of a target. */
export function startOutline(
  init: CallInit,
): BuildOperation<DockerfileOutline> {
  return startCall(init, "outline", async ({ answer, nameOf }) => {
    const { readOutline } = await import("./read_answer.ts");
    return readOutline(answer, nameOf);
  });
}

/** Asks for the stages. */
export function startTargets(
  init: CallInit,
): BuildOperation<readonly DockerfileTarget[]> {
  return startCall(init, "targets", async ({ answer, nameOf }) => {
    const { readTargets } = await import("./read_answer.ts");
    return readTargets(answer, nameOf);
  });
}

/** Asks a question by its name; the answer is as it came. */
export function startNamed(
  init: CallInit,
  name: string,
): BuildOperation<FrontendAnswer> {
  return startCall(init, name, ({ answer }) => Promise.resolve(answer));
}

function startCall<Result>(
  { operations, startedBy, start, options }: CallInit,
  name: string,
  read: (call: AnsweredCall) => Promise<Result>,
): BuildOperation<Result> {
  return startOperation({
    operations,
    what: `${name} of a Dockerfile`,
    startedBy,
    endsWith: "result",
    names: [],
    signal: Object(options).signal, // not checked yet
    run: async (record, stop) => {
      const { runCall } = await import("./run_call.ts");
      return await read(
        await runCall({ ...start, options, record, stop }, name),
      );
    },
  });
}
