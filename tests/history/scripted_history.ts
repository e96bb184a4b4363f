/** An engine in memory whose BuildKit remembers what a test says. */
import { GrpcCode } from "../../lib/grpc/status.ts";
import {
  readContentRequest,
  readContentResponse,
} from "../../lib/proto/content.ts";
import {
  historyEvent,
  type HistoryRecordMessage,
  historyUpdate,
} from "../../lib/proto/history.ts";
import { listWorkersResponse } from "../../lib/proto/control.ts";
import { DockerClient } from "../../mod.ts";
import {
  type Answer,
  answer,
  refuse,
  requestOf,
  say,
  ScriptedEngine,
} from "../buildkit/scripted_engine.ts";

/** What the engine remembers, and what else it answers. */
export interface Remembered {
  readonly records?: readonly HistoryRecordMessage[];
  /** By their digests. */
  readonly contents?: Readonly<Record<string, string | Uint8Array>>;
  readonly answers?: Readonly<Record<string, Answer>>;
}

/** A client of such an engine. */
export interface ScriptedHistory extends AsyncDisposable {
  readonly docker: DockerClient;
  readonly engine: ScriptedEngine;
  /** What was asked of the list of builds. */
  readonly asked: Uint8Array[];
  /** What was to be changed of records. */
  readonly updates: unknown[];
}

const encoder = new TextEncoder();

/** Starts an engine that remembers this. */
export function scriptedHistory(
  { records = [], contents = {}, answers = {} }: Remembered = {},
): ScriptedHistory {
  const asked: Uint8Array[] = [];
  const updates: unknown[] = [];
  const engine = new ScriptedEngine({
    async ListenBuildHistory(stream) {
      asked.push((await requestOf(stream)).slice());
      answer(...records.map((record) => historyEvent.encode({ record })))(
        stream,
      );
    },
    async Read(stream) {
      const { digest } = readContentRequest.decode(await requestOf(stream));
      const content = contents[digest];
      if (content === undefined) {
        return refuse(GrpcCode.NOT_FOUND, `content ${digest}: not found`)(
          stream,
        );
      }
      const data = typeof content === "string"
        ? encoder.encode(content)
        : content;
      const half = data.length >> 1;
      say(
        stream,
        readContentResponse.encode({ data: data.subarray(0, half) }),
        readContentResponse.encode({ data: data.subarray(half) }),
      );
      stream.end([["grpc-status", "0"]]);
    },
    async UpdateBuildHistory(stream) {
      const { ref, pinned, delete: gone, finalize } = historyUpdate.decode(
        await requestOf(stream),
      );
      updates.push({ ref, pinned, delete: gone, finalize });
      answer(new Uint8Array())(stream);
    },
    Status: answer(),
    ListWorkers: answer(listWorkersResponse.encode({
      workers: [{
        id: "w",
        labels: new Map(),
        platforms: [{ architecture: "arm64", os: "linux", variant: "" }],
        gcPolicy: [],
      }],
    })),
    ...answers,
  });
  const docker = new DockerClient(engine.engine.transport);
  return {
    docker,
    engine,
    asked,
    updates,
    async [Symbol.asyncDispose]() {
      await docker.close();
      await engine[Symbol.asyncDispose]();
    },
  };
}
