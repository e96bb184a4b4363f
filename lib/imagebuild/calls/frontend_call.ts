// A question to the frontend about a Dockerfile, in place of a build: what
// BuildKit calls a subrequest (`frontend/subrequests`).

import type { Bridge, BridgeResult } from "../../buildkit/bridge.ts";
import { SolveError } from "../../buildkit/solve_error.ts";
import { compareApi } from "../../engine/api_version.ts";
import { syntaxOf } from "../../progress/dockerfile.ts";
import type { Build } from "../build_way.ts";
import type { OpenSolve } from "../ways/open_solve.ts";

/** What a frontend answers to a question about a Dockerfile. */
export interface FrontendAnswer {
  /**
   * Version of the answer's form, such as `1.0.0`; undefined where the frontend
   * does not tell it.
   */
  readonly version: string | undefined;
  /** The answer as the text of a JSON document; undefined if there is none. */
  readonly json: string | undefined;
  /** The answer as text for people; undefined if there is none. */
  readonly text: string | undefined;
  /** The exit code that the frontend has for a command; 0 if it has none. */
  readonly statusCode: number;
}

/** The capability that a frontend must have to be asked at all. */
const CAPABILITY = "moby.buildkit.frontend.subrequests+forward";

/**
 * The API of the first engines whose own frontend knows a question: outline and
 * targets came with BuildKit 0.11 (engine 24), lint with 0.14 (engine 27).
 */
const FIRST_API: ReadonlyMap<string, string> = new Map([
  ["outline", "1.43"],
  ["targets", "1.43"],
  ["lint", "1.46"],
]);

/**
 * Whether the frontend that reads the Dockerfile may know a question: an
 * engine's own one by the engine's age. Of another one it is not known.
 */
export function knows(
  { facts, request, context: { dockerfile } }: Pick<
    Build,
    "facts" | "request" | "context"
  >,
  name: string,
): boolean {
  const isOther = dockerfile === undefined ||
    (request.buildArgs?.BUILDKIT_SYNTAX ?? syntaxOf(dockerfile.text)) !==
      undefined;
  return isOther || facts === undefined ||
    compareApi(facts.apiVersion, FIRST_API.get(name) ?? "1.39") >= 0;
}

/**
 * Asks the frontend within a build in gateway mode.
 *
 * @param attrs Attributes in place of those of the build.
 * @returns Undefined where the frontend does not know the question.
 */
export async function ask(
  bridge: Bridge,
  { request }: Pick<OpenSolve, "request">,
  name: string,
  attrs: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<BridgeResult | undefined> {
  const caps = request.frontendAttrs["frontend.caps"];
  try {
    return await bridge.solve({
      ...request,
      frontendAttrs: {
        ...request.frontendAttrs,
        ...attrs,
        requestid: `frontend.${name}`,
        "frontend.caps": caps === undefined
          ? CAPABILITY
          : `${caps},${CAPABILITY}`,
      },
    }, { signal });
  } catch (error) {
    if (error instanceof SolveError && UNKNOWN_REGEXP.test(error.detail)) {
      return undefined;
    }
    throw error;
  }
}

/**
 * How frontends word that they do not know a question
 * (`frontend/gateway/errdefs`).
 */
const UNKNOWN_REGEXP =
  /unsupported request frontend\.|unsupported frontend capability moby\.buildkit\.frontend\.subrequests/;

/** The answer in a result. */
export function answerOf({ metadata }: BridgeResult): FrontendAnswer {
  const text = (name: string) => {
    const bytes = metadata.get(name);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  return {
    version: text("version"),
    json: text("result.json"),
    text: text("result.txt"),
    statusCode: Number.parseInt(text("result.statuscode") ?? "", 10) || 0,
  };
}
