import { fromBase64 } from "../../lib/progress/bytes.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { eventsOf } from "../../lib/progress/status_events.ts";
import { TextCarry } from "../../lib/progress/log_event.ts";
import {
  displayEvents,
  type DisplayOptions,
} from "../../lib/display/display_events.ts";
import type { SolveStatus, Timestamp } from "../../lib/progress/trace.ts";

/** What a display writes of these batches of events. */
export async function rendered(
  batches: Iterable<BuildEvent | readonly BuildEvent[]>,
  options: DisplayOptions,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const output = new WritableStream<Uint8Array>({
    write(chunk) {
      text += decoder.decode(chunk, { stream: true });
    },
  });
  await displayEvents(each(batches), output, options);
  return text;
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

/** What a display writes if the events come at the engine's own times. */
export function renderedInTime(
  batches: readonly (readonly BuildEvent[])[],
  options: DisplayOptions,
): Promise<string> {
  let time = 0;
  const timed = function* () {
    for (const batch of batches) {
      for (const event of batch) {
        if (event.type === "vertex") {
          time = Math.max(time, event.started ?? 0, event.completed ?? 0);
        } else if (event.type === "log" || event.type === "status") {
          time = Math.max(time, event.time);
        }
      }
      yield batch;
    }
  };
  return rendered(timed(), { ...options, now: () => time });
}

/** The statuses in what buildx prints with `--progress=rawjson`. */
export function readRawJson(text: string): unknown[] {
  return text.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

// deno-lint-ignore no-explicit-any
type Json = any;

/** The events of what buildx prints with `--progress=rawjson`, in batches. */
export function eventsOfRawJson(text: string): BuildEvent[][] {
  const carry = new TextCarry();
  return readRawJson(text).map((json) => eventsOf(statusOf(json), carry));
}

function statusOf(json: Json): SolveStatus {
  return {
    vertexes: (json.vertexes ?? []).map((vertex: Json) => ({
      digest: vertex.digest ?? "",
      inputs: vertex.inputs ?? [],
      name: vertex.name ?? "",
      cached: vertex.cached ?? false,
      started: timestamp(vertex.started),
      completed: timestamp(vertex.completed),
      error: vertex.error ?? "",
      group: undefined,
    })),
    statuses: (json.statuses ?? []).map((status: Json) => ({
      id: status.id,
      vertex: status.vertex,
      name: status.name ?? "",
      current: status.current,
      total: status.total ?? 0,
      timestamp: timestamp(status.timestamp),
      started: timestamp(status.started),
      completed: timestamp(status.completed),
    })),
    logs: (json.logs ?? []).map((log: Json) => ({
      vertex: log.vertex,
      timestamp: timestamp(log.timestamp),
      stream: log.stream,
      data: fromBase64(log.data)!,
    })),
    warnings: (json.warnings ?? []).map((warning: Json) => ({
      vertex: warning.vertex,
      level: warning.level ?? 0,
      short: fromBase64(warning.short)!,
      detail: (warning.detail ?? []).map((text: string) => fromBase64(text)!),
      url: warning.url ?? "",
      info: warning.sourceInfo && {
        filename: warning.sourceInfo.filename,
        data: fromBase64(warning.sourceInfo.data)!,
        language: warning.sourceInfo.language,
      },
      ranges: (warning.range ?? []).map((range: Json) => ({
        start: position(range.start),
        end: position(range.end),
      })),
    })),
  };
}

function position(json: Json): { line: number; character: number } {
  return { line: json.line ?? 0, character: json.character ?? 0 };
}

function timestamp(text: string | undefined): Timestamp | undefined {
  if (text === undefined) return undefined;
  const digits = /\.(\d+)Z$/.exec(text)?.[1] ?? "";
  return {
    seconds: Math.floor(Date.parse(text) / 1000),
    nanos: Number(digits.padEnd(9, "0")),
  };
}

// deno-lint-ignore no-control-regex
const COLOR_REGEXP = /\x1b\[\d*m/g;

/** A plain text without what differs from run to run: times, digests, ids. */
export function normalized(text: string): string {
  return text
    .replace(/^#0 .*\n\n/, "")
    // What buildx says of a failure behind the progress is the error's text.
    .replace(/\n?^\S*Dockerfile:\d+\n-{20}\n[^]*$/m, "\n")
    .replace(/^ERROR: failed to build:[^]*$/m, "")
    .replace(COLOR_REGEXP, "")
    .replace(/ \(use docker --debug to expand\)/, "")
    // Their order is another each time.
    .replace(/(?:^ - .*\n)+/m, (lines) => lines.split("\n").sort().join("\n"))
    .replace(/sha256:[0-9a-f]{64}/g, "sha256:DIGEST")
    .replace(/^(#\d+ )?\d+\.\d{1,3} /gm, "$1TIME ")
    .replace(/^(#\d+ .*?)(?: \d+\.\d+s)?( done)$/gm, "$1$2")
    // Whether an action is seen before it is done is a matter of moments.
    .replace(/^(#\d+ .*)\n(?=\1 done$)/gm, "")
    .replace(/^(#\d+ DONE) \d+\.\d+s$/gm, "$1 TIME")
    .trimEnd();
}
