import { runGatewayBuild } from "../../buildkit/gateway_build.ts";
import { UnsupportedError } from "../../errors.ts";
import type { SolveWay } from "../build_way.ts";
import { withSolve } from "../ways/open_solve.ts";
import { solveNeeds } from "../ways/solve.ts";
import { answerOf, ask, type FrontendAnswer, knows } from "./frontend_call.ts";

/** What each question is for, in words that follow "Cannot". */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["lint", "check the Dockerfile"],
  ["outline", "outline the Dockerfile"],
  ["targets", "list the Dockerfile's targets"],
]);

/**
 * The way to ask a frontend: BuildKit's own API, with davit in the place of a
 * frontend that asks another one. Nothing is built.
 *
 * @param name The question, such as `lint`.
 * @param onAnswer Called with the answer.
 */
export function callWay(
  name: string,
  onAnswer: (answer: FrontendAnswer) => void,
): SolveWay {
  const refused = (why: string) => cannotCall(name, why);
  return {
    refused,
    needs(build) {
      if (!knows(build, name)) {
        throw refused(
          "BuildKit of this engine does not know how; use a newer engine, or begin the Dockerfile with # syntax=docker/dockerfile:1",
        );
      }
      return solveNeeds(build, refused);
    },
    run: async (build, session, uploads) =>
      await withSolve(build, session, uploads, async (open) => {
        const { logError } = await runGatewayBuild(
          open.control,
          // Nothing is made that a record or an exporter would be for.
          { ...open.request, exporters: [], internal: true },
          {
            signal: open.signal,
            onStatus: open.onStatus,
            async frontend(bridge, signal) {
              const result = await ask(bridge, open, name, {}, signal);
              if (result === undefined) {
                throw refused(
                  "the frontend that reads it does not know how; name a newer one in its first line, such as # syntax=docker/dockerfile:1, or use a newer engine",
                );
              }
              onAnswer(answerOf(result));
              return result;
            },
          },
        );
        open.ended(logError);
        return { imageId: "", told: false };
      }),
  };
}

function cannotCall(name: string, why: string): UnsupportedError {
  const what = WORDS.get(name) ?? `ask the frontend for ${name}`;
  return new UnsupportedError(name, `Cannot ${what}: ${why}`);
}
