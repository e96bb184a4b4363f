/** Builds in gateway mode, against a BuildKit whose answers a test decides. */
import { Bridge, type BridgeAsk } from "../../lib/buildkit/bridge.ts";
import type { Control } from "../../lib/buildkit/control.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import {
  type GatewayBuildOptions,
  runGatewayBuild,
} from "../../lib/buildkit/gateway_build.ts";
import { SolveError } from "../../lib/buildkit/solve_error.ts";
import type { SolveRequest } from "../../lib/buildkit/solve_request.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import {
  bridgeSolveRequest,
  readFileRequest,
  returnRequest,
} from "../../lib/proto/llbbridge.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { NEVER } from "./engine_builds.ts";
import {
  answer,
  refuse,
  requestOf,
  ScriptedEngine,
} from "./scripted_engine.ts";

const REQUEST: SolveRequest = {
  ref: "r",
  session: "s",
  frontend: "dockerfile.v0",
  frontendAttrs: { target: "t" },
  frontendInputs: new Map(),
};

const RESULT = {
  refs: new Map([["", "id"]]),
  metadata: new Map(),
  message: Uint8Array.of(0x1a, 4, 0x0a, 2, 0x69, 0x64),
};

function fault(code: GrpcCode, detail: string): SolveError {
  return new SolveError({ code, detail });
}

/** A build whose end a test decides. */
class Script {
  readonly solved = Promise.withResolvers<ReadonlyMap<string, string>>();
  readonly calls: string[] = [];
  readonly requests: SolveRequest[] = [];
  /** What the ping fails with, one after the other. */
  readonly pings: unknown[] = [];
  /** What `Return` does. */
  returns: (ending: unknown) => Promise<void> = () => {
    this.solved.resolve(new Map([["k", "v"]]));
    return Promise.resolve();
  };
  readonly control: Control;

  constructor() {
    const { calls, solved, requests, pings } = this;
    const returned = (ending: unknown) => this.returns(ending);
    const ask: BridgeAsk = async ({ path }, request, { signal }) => {
      signal.throwIfAborted();
      calls.push(path.slice(path.lastIndexOf("/") + 1));
      if (path.endsWith("Return")) await returned(request);
      return undefined as never;
    };
    this.control = {
      solve(request: SolveRequest, { signal }: { signal: AbortSignal }) {
        calls.push("solve");
        requests.push(request);
        signal.addEventListener("abort", () => solved.reject(signal.reason));
        return solved.promise;
      },
      async *status() {},
      ping(ref: string, { signal }: { signal: AbortSignal }) {
        calls.push(`ping ${ref}`);
        signal.throwIfAborted();
        return pings.length > 0
          ? Promise.reject(pings.shift())
          : Promise.resolve();
      },
      bridge: () => new Bridge(ask),
    } as unknown as Control;
  }

  run(
    frontend: GatewayBuildOptions["frontend"],
    signal: AbortSignal = NEVER,
  ) {
    return runGatewayBuild(this.control, REQUEST, {
      signal,
      onStatus() {},
      frontend,
    });
  }
}

Deno.test("a build in gateway mode has no frontend of its own, waits to be known, and ends with the result as it came", async () => {
  const script = new Script();
  script.pings.push(fault(GrpcCode.NOT_FOUND, "no such job r"));
  const endings: unknown[] = [];
  const { returns } = script;
  script.returns = (ending) => {
    endings.push(ending);
    return returns(ending);
  };
  const { response } = await script.run(() => Promise.resolve(RESULT));
  assertEquals(response, new Map([["k", "v"]]));
  assertEquals(script.calls, ["solve", "ping r", "ping r", "Return"]);
  assertEquals(endings, [{ result: RESULT.message }]);
  assertEquals(script.requests, [{
    ...REQUEST,
    frontend: undefined,
    frontendInputs: undefined,
  }]);
});

Deno.test("an error of the frontend is returned to BuildKit, and is the build's", async () => {
  for (
    const [error, told] of [
      [fault(GrpcCode.UNKNOWN, "parse error"), {
        code: GrpcCode.UNKNOWN,
        message: "parse error",
      }],
      [new TypeError("own words that are nobody's business"), {
        code: GrpcCode.CANCELLED,
        message: "the client gave the build up",
      }],
    ] as const
  ) {
    const script = new Script();
    const endings: unknown[] = [];
    script.returns = (ending) => {
      endings.push(ending);
      script.solved.reject(fault(GrpcCode.UNKNOWN, "repeated"));
      return Promise.resolve();
    };
    assertEquals(
      await assertRejects(() => script.run(() => Promise.reject(error))),
      error,
    );
    assertEquals(endings, [{ error: told }]);
  }
});

Deno.test("a build that can't be ended by a word is ended by the end of its call", async () => {
  const script = new Script();
  script.returns = () => Promise.reject(fault(GrpcCode.UNKNOWN, "no"));
  const own = new Error("own");
  assertEquals(
    await assertRejects(() => script.run(() => Promise.reject(own))),
    own,
  );
});

Deno.test("what BuildKit says of the build is told before what its calls say then", async () => {
  const script = new Script();
  const refusal = fault(GrpcCode.UNKNOWN, "no such exporter");
  const error = await assertRejects(() =>
    script.run(async (_bridge, signal) => {
      script.solved.reject(refusal);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw fault(GrpcCode.NOT_FOUND, "no such job r");
    })
  );
  assertEquals(error, refusal);
  assert(!script.calls.includes("Return"), "it is over");
});

Deno.test("a build that ends while it is waited for is not asked for again", async () => {
  const script = new Script();
  const refusal = fault(GrpcCode.UNKNOWN, "no session");
  script.solved.reject(refusal);
  // More than are asked for until its end is known.
  const unknown = fault(GrpcCode.NOT_FOUND, "no such job r");
  script.pings.push(...Array.from({ length: 1000 }, () => unknown));
  assertEquals(
    await assertRejects(() =>
      script.run(() => Promise.reject(new Error("not called")))
    ),
    refusal,
  );
  assert(script.pings.length > 0, "it went on");
  const other = new Script();
  const broken = new Error("broken");
  other.pings.push(broken);
  other.returns = () => {
    other.solved.reject(broken);
    return Promise.resolve();
  };
  assertEquals(
    await assertRejects(() => other.run(() => Promise.resolve(RESULT))),
    broken,
  );
  assertEquals(other.calls.filter((call) => call === "ping r").length, 1);
});

Deno.test("an abort ends the frontend and the build with its reason", async () => {
  const script = new Script();
  const abort = new AbortController();
  const why = new Error("enough");
  const run = script.run(async (_bridge, signal) => {
    abort.abort(why);
    assertEquals(signal.reason, why);
    await Promise.resolve();
    throw signal.reason;
  }, abort.signal);
  assertEquals(await assertRejects(() => run), why);
});

Deno.test("calls of a bridge carry the build's id, and what is read of them", async () => {
  const metadata: (string | undefined)[] = [];
  const requests: Uint8Array[] = [];
  await using engine = new ScriptedEngine({
    async Solve(stream) {
      metadata.push(stream.get("buildkit-controlapi-buildid"));
      requests.push(await requestOf(stream));
      const result = Uint8Array.of(
        ...[0x1a, 2, 0x0a, 0], // ref { id "" }
        ...[0x52, 6, 0x0a, 1, 0x6b, 0x12, 1, 9], // metadata k
      );
      answer(Uint8Array.of(0x1a, result.length, ...result))(stream);
    },
    async ReadFile(stream) {
      requests.push(await requestOf(stream));
      answer(Uint8Array.of(0x0a, 2, 1, 2))(stream);
    },
    Evaluate: refuse(GrpcCode.UNIMPLEMENTED, "unknown method Evaluate"),
    async StatFile(stream) {
      requests.push(await requestOf(stream));
      answer(Uint8Array.of())(stream);
    },
    ReadDir: refuse(GrpcCode.UNKNOWN, "no"),
    async Return(stream) {
      requests.push(await requestOf(stream));
      answer(Uint8Array.of())(stream);
    },
  });
  await using control = await openControl(buildkitOf(engine.engine), {
    signal: NEVER,
  });
  const bridge = control.bridge("the build");
  const options = { signal: NEVER };
  const result = await bridge.solve({
    frontend: "dockerfile.v0",
    frontendAttrs: { a: "b" },
    cache: { imports: [{ type: "registry", attrs: { ref: "x" } }] },
  }, options);
  assertEquals(metadata, ["the build"]);
  assertEquals(result.refs, new Map([["", ""]]));
  assertEquals([...result.metadata], [["k", Uint8Array.of(9)]]);
  const asked = bridgeSolveRequest.decode(requests.shift()!);
  assertEquals(asked.frontendOpt, new Map([["a", "b"]]));
  assertEquals([asked.allowResultReturn, asked.allowResultArrayRef], [
    true,
    true,
  ]);
  assertEquals(asked.cacheImports, [{
    type: "registry",
    attrs: new Map([["ref", "x"]]),
  }]);
  assertEquals(
    await bridge.readFile("i", "/p", { offset: 3, length: 4 }, options),
    Uint8Array.of(1, 2),
  );
  assertEquals(readFileRequest.decode(requests.shift()!), {
    ref: "i",
    path: "/p",
    range: { offset: 3, length: 4 },
  });
  // Where there is no such call, something is read.
  await bridge.evaluate("i", options);
  assertEquals(requests.length, 1);
  requests.shift();
  const error = await assertRejects(
    () => bridge.readDir("i", "/p", options),
    SolveError,
  );
  assertEquals(error.detail, "no");
  await bridge.end({ result: Uint8Array.of(8, 1) }, options);
  assertEquals(
    returnRequest.decode(requests.shift()!).result,
    Uint8Array.of(8, 1),
  );
});

Deno.test("an evaluation that fails is no lack of that call", async () => {
  await using engine = new ScriptedEngine({
    Evaluate: refuse(GrpcCode.UNKNOWN, "exit code: 7"),
  });
  await using control = await openControl(buildkitOf(engine.engine), {
    signal: NEVER,
  });
  await assertRejects(
    () => control.bridge("b").evaluate("i", { signal: NEVER }),
    SolveError,
    "exit code: 7",
  );
  assertEquals(engine.calls.map((path) => path.split("/").at(-1)), [
    "Evaluate",
  ]);
});
