import type {
  SolveStatus,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "./solve_status.ts";

/** How {@linkcode mapTrace} changes a message. Each gives back its argument if there is nothing to change. */
export interface TraceMask {
  /** Changes a text that is whole by itself: a name, an error, a warning. */
  text(text: string): string;
  /** The same for text that comes as bytes. */
  bytes(bytes: Uint8Array): Uint8Array;
  /**
   * Changes a slice of a step's output, which goes on in the next slice of the
   * same step: what is given back may be shorter, longer, or come later.
   */
  log(log: VertexLog): Uint8Array;
}

/**
 * Passes every text and all bytes of a message through a mask, except digests,
 * which tie messages to each other. What can't be masked inside, because only
 * a newer engine knows its structure, is dropped if the mask would change it.
 *
 * @returns The same object if nothing changed: then the message that it came
 * from can be passed on as it is.
 */
export function mapTrace(status: SolveStatus, mask: TraceMask): SolveStatus {
  const vertexes = mapList(
    status.vertexes,
    (vertex) => mapVertex(vertex, mask),
  );
  const statuses = mapList(
    status.statuses,
    (one) => mapVertexStatus(one, mask),
  );
  const logs = mapList(status.logs, (log) => mapLog(log, mask));
  const warnings = mapList(
    status.warnings,
    (warning) => mapWarning(warning, mask),
  );
  const unknown = mapUnknown(status.unknown, mask);
  return change(status, { vertexes, statuses, logs, warnings, unknown });
}

function mapVertex(vertex: Vertex, mask: TraceMask): Vertex {
  return change(vertex, {
    name: mask.text(vertex.name),
    error: vertex.error === "" ? "" : mask.text(vertex.error),
    group: vertex.group && change(vertex.group, {
      name: mask.text(vertex.group.name),
      unknown: mapUnknown(vertex.group.unknown, mask),
    }),
    unknown: mapUnknown(vertex.unknown, mask),
  });
}

function mapVertexStatus(status: VertexStatus, mask: TraceMask): VertexStatus {
  return change(status, {
    id: mask.text(status.id),
    name: mask.text(status.name),
    unknown: mapUnknown(status.unknown, mask),
  });
}

function mapLog(log: VertexLog, mask: TraceMask): VertexLog {
  const data = mask.log(log);
  const unknown = mapUnknown(log.unknown, mask);
  // Compared by hand, as there may be a million.
  if (data === log.data && unknown === log.unknown) return log;
  return { ...log, data, unknown };
}

function mapWarning(warning: VertexWarning, mask: TraceMask): VertexWarning {
  const { info } = warning;
  return change(warning, {
    short: mask.bytes(warning.short),
    detail: mapList(warning.detail, (detail) => mask.bytes(detail)),
    url: mask.text(warning.url),
    info: info && change(info, {
      filename: mask.text(info.filename),
      data: mask.bytes(info.data),
      language: mask.text(info.language),
      unknown: mapUnknown(info.unknown, mask),
    }),
    unknown: mapUnknown(warning.unknown, mask),
  });
}

function mapUnknown(
  unknown: Uint8Array | undefined,
  mask: TraceMask,
): Uint8Array | undefined {
  if (unknown === undefined) return undefined;
  // With other lengths inside, it would be no message any more.
  return mask.bytes(unknown) === unknown ? unknown : undefined;
}

/** The same list if no item changed. */
function mapList<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  let mapped: T[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = map(list[i]!);
    if (item !== list[i]) mapped ??= list.slice(0, i);
    mapped?.push(item);
  }
  return mapped ?? list;
}

/** The same object if no field changed. */
function change<T extends object>(
  subject: T,
  fields: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  for (const key in fields) {
    if (fields[key] !== subject[key]) return { ...subject, ...fields };
  }
  return subject;
}
