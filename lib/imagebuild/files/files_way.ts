// The way of a build whose result is looked into before it is exported, in
// gateway mode: the build stays open behind its last step.

// @ts-types="../../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import type { Bridge } from "../../buildkit/bridge.ts";
import { runGatewayBuild } from "../../buildkit/gateway_build.ts";
import { UnsupportedError } from "../../errors.ts";
import type { Built, SolveWay } from "../build_way.ts";
import { withSolve } from "../ways/open_solve.ts";
import { solveNeeds } from "../ways/solve.ts";
import { checkOutline } from "../outline.ts";
import { type BuiltRefs, ResultTree } from "./result_tree.ts";

/**
 * The way to build for {@linkcode BuiltFiles}.
 *
 * @param onTree Called with what was built, when all steps have run.
 */
export function filesWay(onTree: (tree: ResultTree) => void): SolveWay {
  const refused = (why: string) =>
    new UnsupportedError("buildFiles", `Cannot read files of a build: ${why}`);
  return {
    refused,
    needs: (build) => solveNeeds(build, refused),
    run(build, session, uploads) {
      const { promise, resolve, reject } = Promise.withResolvers<Built>();
      const left = Promise.withResolvers<void>();
      const ended = withSolve(build, session, uploads, async (open) => {
        const { control, request } = open;
        await runGatewayBuild(control, {
          ...request,
          exporters: [],
          cache: { imports: request.cache?.imports },
        }, {
          signal: open.signal,
          onStatus: open.onStatus,
          async frontend(bridge, signal) {
            await checkOutline(bridge, open, build, signal);
            const result = await bridge.solve(request, { signal });
            await evaluate(bridge, result.refs, signal);
            open.ended(undefined);
            const [only, ...others] = build.request.platforms;
            onTree(
              new ResultTree(
                bridge,
                result.refs,
                others.length === 0 ? only : undefined,
                signal,
              ),
            );
            resolve({
              imageId: "",
              told: session !== undefined,
              solved: { ref: request.ref, answer: new Map() },
              held: {
                async [Symbol.asyncDispose]() {
                  left.resolve();
                  await ended.catch(() => {}); // told to those who read
                },
              },
            });
            await abortable(left.promise, signal);
            return result;
          },
        });
      });
      ended.catch(reject);
      return promise;
    },
  };
}

/** Runs all steps, for all platforms at once. */
async function evaluate(
  bridge: Bridge,
  refs: BuiltRefs,
  signal: AbortSignal,
): Promise<void> {
  const built = [...refs.values()].filter((ref) => ref !== "");
  await Promise.all(built.map((ref) => bridge.evaluate(ref, { signal })));
}
