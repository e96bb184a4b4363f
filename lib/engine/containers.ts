// The few requests about containers that a builder in one needs.

import { EngineError } from "../errors.ts";
import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";

/** A container, as far as a builder asks. */
export interface ContainerInspect {
  /** Its id. */
  Id: string;
  /** Whether it runs. */
  State: { Running: boolean; Status?: string };
  /** What is mounted in it; `Name` is that of a volume. */
  Mounts: { Name?: string }[];
}

const INSPECT: AnswerShape = {
  type: "object",
  fields: { Id: "text", State: "object", Mounts: "objects" },
  required: ["Id", "State"],
};

const CREATED: AnswerShape = {
  type: "object",
  fields: { Id: "text" },
  required: ["Id"],
};

/**
 * `GET /containers/{name}/json`.
 *
 * @returns undefined if there is no such container.
 */
export async function containerInspect(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<ContainerInspect | undefined> {
  const path = `${containerPath(name)}/json`;
  return await unless(404, () => engine.json({ path, signal }, INSPECT));
}

/**
 * `POST /containers/create`.
 *
 * @param config The container's configuration, in the engine's own field names.
 * @returns Its id.
 */
export async function containerCreate(
  engine: Engine,
  name: string,
  config: object,
  signal?: AbortSignal,
): Promise<string> {
  const { Id } = await engine.json<{ Id: string }>({
    method: "POST",
    path: "/containers/create",
    query: { name },
    headers: { "content-type": "application/json" },
    body: JSON.stringify(config),
    signal,
  }, CREATED);
  return Id;
}

/** `POST /containers/{name}/start`; one that runs already is left as it is. */
export async function containerStart(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  await turn(engine, name, "start", signal);
}

/** `POST /containers/{name}/stop`; one that does not run is left as it is. */
export async function containerStop(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  await turn(engine, name, "stop", signal);
}

/** `DELETE /containers/{name}`, also while it runs, with its volumes without names. */
export async function containerRemove(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  await unless(404, () =>
    send(engine, {
      method: "DELETE",
      path: containerPath(name),
      query: { v: true, force: true },
      signal,
    }));
}

/** `PUT /containers/{name}/archive`: unpacks a tar in a folder of a container. */
export async function containerUnpack(
  engine: Engine,
  name: string,
  folder: string,
  tar: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<void> {
  await send(engine, {
    method: "PUT",
    path: `${containerPath(name)}/archive`,
    query: { path: folder },
    headers: { "content-type": "application/x-tar" },
    body: tar,
    signal,
  });
}

/** `DELETE /volumes/{name}`; it may be gone already. */
export async function volumeRemove(
  engine: Engine,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  const path = `/volumes/${encodeURIComponent(name)}`;
  await unless(404, () => send(engine, { method: "DELETE", path, signal }));
}

async function turn(
  engine: Engine,
  name: string,
  to: "start" | "stop",
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = `${containerPath(name)}/${to}`;
  await unless(304, () => send(engine, { method: "POST", path, signal }));
}

function containerPath(name: string): string {
  return `/containers/${encodeURIComponent(name)}`;
}

async function send(
  engine: Engine,
  request: Parameters<Engine["request"]>[0],
): Promise<void> {
  const response = await engine.request(request);
  await response.body?.cancel();
}

/** undefined where the engine answers with this status, which is no failure. */
async function unless<T>(
  status: number,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof EngineError && error.status === status) {
      return undefined;
    }
    throw error;
  }
}
