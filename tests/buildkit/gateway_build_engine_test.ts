/** Builds in gateway mode on real engines: none is left there. */
import { runGatewayBuild } from "../../lib/buildkit/gateway_build.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import {
  controlAt,
  type EngineControl,
  NEVER,
  newRef,
  serveDockerfile,
} from "./engine_builds.ts";

const ATTRS = { "force-network-mode": "none", "image-resolve-mode": "local" };

/** Checks that BuildKit does not know a build any more. */
async function isGone({ control }: EngineControl, ref: string): Promise<void> {
  const error = await assertRejects(
    () => control.bridge(ref).stat("x", "/", { signal: NEVER }),
    SolveError,
  );
  assert(
    /no such job|no such gateway|not found/i.test(error.detail),
    error.detail,
  );
}

engineTest(
  "a build in gateway mode looks into what was built, and exports the result that is returned",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const name = `docker.io/library/davit-gateway-build-${newRef()}:1`;
    await using session = await serveDockerfile(
      opened.engine,
      `FROM davit-test/base\nRUN echo of the step > /said\nLABEL ref=${newRef()}\n`,
    );
    const { response } = await runGatewayBuild(opened.control, {
      ref: newRef(),
      session: session.id,
      frontend: "dockerfile.v0",
      frontendAttrs: ATTRS,
      exporters: [{ type: "moby", attrs: { name } }],
    }, {
      signal: NEVER,
      onStatus() {},
      async frontend(bridge, signal) {
        const result = await bridge.solve({
          frontend: "dockerfile.v0",
          frontendAttrs: ATTRS,
        }, { signal });
        assertEquals([...result.refs.keys()], [""]);
        assert(result.metadata.has("containerimage.config"));
        const built = result.refs.get("")!;
        await bridge.evaluate(built, { signal });
        const part = await bridge.readFile(
          built,
          "/said",
          { offset: 3, length: 3 },
          { signal },
        );
        assertEquals(new TextDecoder().decode(part), "the");
        return result;
      },
    });
    const { Id } = await context.docker.imageInspect(name);
    assertEquals(response.get("containerimage.digest"), Id);
    await context.docker.imageRemove(name);
  },
);

engineTest(
  "a frontend that fails, that is left, or that asks what BuildKit does not know leaves no build",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const own = new RangeError("of the caller");
    const refs: string[] = [];
    for (
      const [what, expected] of [
        ["throws", own],
        ["fails", /unsupported request frontend\.nope/],
        ["aborts", own],
      ] as const
    ) {
      await using session = await serveDockerfile(
        opened.engine,
        "FROM davit-test/base\n",
      );
      const ref = newRef();
      const abort = new AbortController();
      const error = await runGatewayBuild(opened.control, {
        ref,
        session: session.id,
        internal: true,
      }, {
        signal: abort.signal,
        onStatus() {},
        async frontend(bridge, signal) {
          if (what === "throws") throw own;
          if (what === "aborts") {
            abort.abort(own);
            await bridge.stat("x", "/", { signal });
          }
          return await bridge.solve({
            frontend: "dockerfile.v0",
            frontendAttrs: { ...ATTRS, requestid: "frontend.nope" },
          }, { signal });
        },
      }).then(() => undefined, (error) => error);
      if (expected instanceof RegExp) {
        assert(error instanceof SolveError, String(error));
        assert(expected.test(error.detail), error.detail);
        // The call's own error, not the one that the build repeats.
        assert(!error.detail.includes("client gave"), error.detail);
      } else assertEquals(error, own, what);
      refs.push(ref);
    }
    // BuildKit waits three seconds for a build that it does not know.
    await Promise.all(refs.map((ref) => isGone(opened, ref)));
  },
  isRecent,
);

engineTest(
  "a build that the engine refuses is that refusal, and no word of its calls",
  async (context) => {
    await using opened = await controlAt(context.socketPath);
    const error = await assertRejects(
      () =>
        runGatewayBuild(opened.control, {
          ref: newRef(),
          exporters: [{ type: "nope", attrs: {} }],
        }, {
          signal: NEVER,
          onStatus() {},
          frontend: () => Promise.reject(new Error("not asked")),
        }),
      SolveError,
    );
    assert(error.detail.includes('exporter "nope" could not be found'));
    assertEquals(error.code, GrpcCode.UNKNOWN);
  },
  isRecent,
);
