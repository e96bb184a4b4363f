import type { GrpcDetail } from "../grpc/status.ts";
import type { SolveErrorInit, SolveErrorSource } from "./solve_error.ts";

/** What BuildKit tells about an error besides its words. */
export type ErrorDetails = Pick<
  SolveErrorInit,
  "exitCode" | "vertex" | "sources"
>;

/**
 * Reads the details of an error: values in JSON, told apart by the last part of
 * their type (BuildKit's `solver/errdefs` and `frontend/gateway/errdefs`).
 * Others are left out, among them stack traces, which hold the engine's command
 * line. A value that does not have the expected form is left out, too: the
 * error's words say more than a fault in its details.
 */
export function readDetails(details: readonly GrpcDetail[]): ErrorDetails {
  const sources: SolveErrorSource[] = [];
  let exitCode: number | undefined;
  let vertex: string | undefined;
  for (const { typeUrl, value } of details) {
    switch (typeUrl.slice(typeUrl.lastIndexOf("/") + 1)) {
      case "errdefs.Source+json":
        sources.push(...sourceOf(jsonOf(value)));
        break;
      case "errdefs.Vertex+json":
        vertex ??= textOf(field(jsonOf(value), "digest"));
        break;
      case "gatewayapi.ExitMessage+json":
        exitCode ??= countOf(field(jsonOf(value), "Code"));
    }
  }
  return { exitCode, vertex, sources };
}

/** The source in a value; none if it has no text or no place. */
function sourceOf(value: unknown): SolveErrorSource[] {
  const info = field(value, "info");
  const file = textOf(field(info, "filename"));
  const text = base64Text(field(info, "data"));
  const places = field(value, "ranges");
  if (file === undefined || text === undefined || !Array.isArray(places)) {
    return [];
  }
  const ranges = places.flatMap((place) => {
    const start = countOf(field(field(place, "start"), "line"));
    const end = countOf(field(field(place, "end"), "line")) ?? start;
    return start === undefined || end === undefined || end < start || start < 1
      ? []
      : [{ start, end }];
  });
  return ranges.length === 0 ? [] : [{ file, text, ranges }];
}

function jsonOf(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(value));
  } catch {
    return undefined; // a detail that can't be read is left out
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? value as number : undefined;
}

function base64Text(value: unknown): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(value as string));
  } catch {
    return undefined; // it is no text, or not in base64
  }
}
