import { DockerClient } from "../../lib/client/docker_client.ts";
import { connectGrpc, type GrpcClient } from "../../lib/grpc/client.ts";
import type { GrpcCall } from "../../lib/grpc/call.ts";
import type { GrpcMethod } from "../../lib/grpc/method.ts";
import { serveGrpc } from "../../lib/grpc/server.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import type { SolveStatus } from "../../lib/progress/solve_status.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { bytesMessage } from "../../lib/proto/bytes_message.ts";
import {
  listWorkersResponse,
  solveRequest,
  type SolveRequestMessage,
  solveResponse,
  statusRequest,
} from "../../lib/proto/control.ts";
import {
  bridgeResult,
  bridgeSolveResponse,
  pong,
  readFileResponse,
  statFileResponse,
} from "../../lib/proto/llbbridge.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import type { Transport, UpgradeInit } from "../../lib/transport/transport.ts";
import { decodeBase64 } from "../support/base64.ts";
import { concat } from "../support/concat.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { until } from "../support/until.ts";
import { IMAGE_ID } from "./ready_build.ts";

/** A build that BuildKit was asked for. */
export interface Solving {
  readonly request: SolveRequestMessage;
  /** Aborts when the client gives the build up. */
  readonly signal: AbortSignal;
  /** The client's session, as the engine uses it; none was opened if undefined. */
  readonly session: GrpcClient | undefined;
}

/** How BuildKit behaves; unless told, it builds an image without a word. */
export interface BuildKitScript {
  /** Builds: gives the answer, or throws a {@linkcode GrpcError}. */
  readonly solve?: (
    solving: Solving,
  ) => Promise<Readonly<Record<string, string>>>;
  /** The log of a build, in parts; bytes are sent as they are. */
  readonly log?: (
    ref: string,
    signal: AbortSignal,
  ) =>
    | AsyncIterable<SolveStatus | Uint8Array>
    | Iterable<SolveStatus | Uint8Array>;
  /**
   * What a build in gateway mode has built, for one file `/f`: the id of the
   * result, and its bytes. Such builds are never ended by themselves.
   */
  readonly built?: { readonly id: string; readonly bytes: Uint8Array };
  /** Labels of its only worker. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Whether it keeps images in containerd's store. */
  readonly containerdStore?: boolean;
  /** What it says that it can do, by its ids. */
  readonly abilities?: readonly string[];
  /** Why `POST /session` is refused. */
  readonly noSession?: Error;
  /** Why `POST /grpc` is refused. */
  readonly noApi?: Error;
  /** Holds the session's connection back. */
  readonly sessionWaits?: Promise<void>;
}

/** An engine within the test that has BuildKit's API. */
export class ScriptedBuildKit implements Transport {
  readonly endpoint = "unix:///scripted.sock";
  /** What was asked for. */
  readonly solved: SolveRequestMessage[] = [];
  /** The paths of the connections that were taken over. */
  readonly upgrades: string[] = [];
  /** Other requests, with their paths. */
  readonly fetched: string[] = [];
  /** The calls of builds in gateway mode, but for their pings. */
  readonly bridged: string[] = [];
  /** How many builds were answered. */
  answered = 0;
  /** How many connections are open. */
  open = 0;
  readonly #script: BuildKitScript;
  #session: GrpcClient | undefined;
  #returned: () => void = () => {};

  constructor(script: BuildKitScript = {}) {
    this.#script = script;
  }

  fetch(path: string): Promise<Response> {
    if (path !== "/_ping") this.fetched.push(path);
    if (path.endsWith("/info") && this.#script.containerdStore) {
      return Promise.resolve(Response.json({
        DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]],
      }));
    }
    return Promise.resolve(
      new Response("{}", {
        status: path === "/_ping" ? 200 : 500,
        headers: { "Api-Version": "1.51" },
      }),
    );
  }

  async upgrade(path: string, _init: UpgradeInit): Promise<ByteDuplex> {
    this.upgrades.push(path);
    const isSession = path.endsWith("/session");
    const { noSession, noApi, sessionWaits } = this.#script;
    const refusal = isSession ? noSession : noApi;
    if (refusal) throw refusal;
    if (isSession) await sessionWaits;
    const [ours, theirs] = duplexPair();
    this.open++;
    if (isSession) {
      const client = connectGrpc(theirs);
      this.#session = client;
      client.closed.then(() => this.open--);
    } else {
      serveGrpc(theirs, this.#methods()).closed.then(() => this.open--);
    }
    return ours;
  }

  close(): void {}

  #methods(): GrpcMethod[] {
    const method = (
      path: string,
      handle: (request: Uint8Array, call: GrpcCall) => Promise<void>,
    ): GrpcMethod => ({
      path,
      maxRequestBytes: 16 * 1024 * 1024,
      handle: async (call) =>
        await handle(await call.read() ?? new Uint8Array(), call),
    });
    const { solve, log, labels = {}, abilities = [], built } = this.#script;
    const bridge = (
      name: string,
      answer: (request: Uint8Array) => Uint8Array,
    ) =>
      method(
        `/moby.buildkit.v1.frontend.LLBBridge/${name}`,
        async (bytes, call) => {
          this.bridged.push(name);
          await call.write(answer(bytes));
        },
      );
    const empty = new Uint8Array();
    const bridges = built === undefined ? [] : [
      bridge("Solve", () =>
        bridgeSolveResponse.encode({
          result: bridgeResult.encode({ ref: { id: built.id } }),
        })),
      bridge("Evaluate", () => empty),
      bridge("StatFile", () =>
        statFileResponse.encode({
          stat: {
            path: "f",
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: built.bytes.length,
            modTime: 0,
            linkname: "",
          },
        })),
      bridge("ReadFile", () => readFileResponse.encode({ data: built.bytes })),
      bridge("Return", () => {
        this.#returned();
        return empty;
      }),
    ];
    return [
      ...bridges,
      method("/moby.buildkit.v1.Control/Solve", async (bytes, call) => {
        const request = solveRequest.decode(bytes);
        const { signal } = call;
        // Begun in gateway mode, until its end is told, or it is given up.
        if (request.frontend === "") {
          await new Promise<void>((resolve) => {
            this.#returned = resolve;
            signal.addEventListener("abort", () => resolve());
          });
          if (!signal.aborted) await call.write(solveResponse.encode({}));
          return;
        }
        this.solved.push(request);
        try {
          const answer = await solve?.({
            request,
            signal,
            session: this.#session,
          }) ?? { "containerimage.digest": IMAGE_ID };
          const response = new Map(Object.entries(answer));
          await call.write(solveResponse.encode({ response }));
        } finally {
          this.answered++;
        }
      }),
      method("/moby.buildkit.v1.Control/Status", async (bytes, call) => {
        const { ref } = statusRequest.decode(bytes);
        for await (const part of log?.(ref, call.signal) ?? []) {
          await call.write(
            part instanceof Uint8Array ? part : decodeBase64(encodeTrace(part)),
          );
        }
      }),
      method("/moby.buildkit.v1.frontend.LLBBridge/Ping", async (_, call) => {
        const llb = abilities.map((id) => ({
          id,
          enabled: true,
          deprecated: false,
          disabledReason: "",
          disabledReasonText: "",
          disabledAlternative: "",
        }));
        await call.write(pong.encode({ frontend: [], llb, workers: [] }));
      }),
      method("/moby.buildkit.v1.Control/ListWorkers", async (_, call) => {
        const worker = {
          id: "w",
          labels: new Map(Object.entries(labels)),
          platforms: [],
          gcPolicy: [],
        };
        await call.write(listWorkersResponse.encode({ workers: [worker] }));
      }),
    ];
  }
}

/** A client of such an engine, to be closed. */
export function scriptedBuildKit(
  script: BuildKitScript = {},
): { buildkit: ScriptedBuildKit; docker: DockerClient } {
  const buildkit = new ScriptedBuildKit(script);
  return { buildkit, docker: new DockerClient(buildkit) };
}

/** Uses such an engine, to which no connection is left at the end. */
export async function withBuildKit(
  script: BuildKitScript,
  use: (scripted: ReturnType<typeof scriptedBuildKit>) => Promise<void>,
): Promise<void> {
  const scripted = scriptedBuildKit(script);
  try {
    await use(scripted);
    await until(() => scripted.buildkit.open === 0, "connections are closed");
  } finally {
    await scripted.docker.close();
  }
}

/** Fetches a URL over the session as an engine does. */
export async function fetched(
  session: GrpcClient | undefined,
  url: string,
): Promise<Uint8Array> {
  const { host, pathname } = new URL(url);
  await using call = await session!.open("/moby.upload.v1.Upload/Pull", {
    metadata: [["urlpath", pathname], ["urlhost", host]],
  });
  await call.end();
  const parts: Uint8Array[] = [];
  for (;;) {
    const message = await call.read();
    if (message === null) return concat(parts);
    parts.push(bytesMessage.decode(message).data);
  }
}

/** BuildKit's refusal in these words. */
export function refusal(words: string): GrpcError {
  return new GrpcError(GrpcCode.UNKNOWN, words);
}

/** A part of a log: a step, and what it printed. */
export function step(name: string, printed = "", more: {
  readonly error?: string;
  readonly digest?: string;
} = {}): SolveStatus {
  const digest = more.digest ?? `sha256:${name}`;
  const time = { seconds: 1, nanos: 0 };
  return {
    vertexes: [{
      digest,
      inputs: [],
      name,
      cached: false,
      started: time,
      completed: undefined,
      error: more.error ?? "",
      group: undefined,
    }],
    statuses: [],
    logs: printed === "" ? [] : [{
      vertex: digest,
      timestamp: time,
      stream: 1,
      data: new TextEncoder().encode(printed),
    }],
    warnings: [],
  };
}
