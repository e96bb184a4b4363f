/** Builds on a real engine by the control API, from a Dockerfile in memory. */
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import { type Control, openControl } from "../../lib/buildkit/control.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { dialSession } from "../../lib/engine/session_dial.ts";
import { filesyncService } from "../../lib/session/filesync.ts";
import { openSession } from "../../lib/session/open.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";

/** Whoever tests nothing about aborts. */
export const NEVER: AbortSignal = new AbortController().signal;

/** An engine by its socket, and BuildKit's API behind it. */
export interface EngineControl extends AsyncDisposable {
  readonly engine: Engine;
  readonly control: Control;
}

/** Opens BuildKit's API behind a socket. */
export async function controlAt(socketPath: string): Promise<EngineControl> {
  const transport = await connectEndpoint({ kind: "unix", path: socketPath });
  const engine = new Engine(transport);
  try {
    const control = await openControl(buildkitOf(engine), { signal: NEVER });
    return {
      engine,
      control,
      async [Symbol.asyncDispose]() {
        await control[Symbol.asyncDispose]();
        await transport.close();
      },
    };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

/** A ref that nothing else uses. */
export function newRef(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** A session that serves a Dockerfile and a context with nothing but it. */
export interface DockerfileSession extends AsyncDisposable {
  readonly id: string;
}

/** Opens the session of one build. */
export async function serveDockerfile(
  engine: Engine,
  dockerfile: string,
): Promise<DockerfileSession> {
  const bytes = new TextEncoder().encode(dockerfile);
  const folder = {
    *entries() {
      yield {
        path: "Dockerfile",
        kind: "file" as const,
        mode: 0o644,
        size: bytes.length,
        mtime: 0n,
      };
    },
    content: () => bytes,
  };
  const session = await openSession(
    (headers, signal) => dialSession(engine, headers, signal),
    {
      name: "davit",
      sharedKey: newRef(),
      methods: filesyncService(
        new Map(
          ["dockerfile", "context"].map((name) => [name, folder]),
        ) as never,
        { onError() {}, onSent() {} },
      ),
      required: true,
      signal: NEVER,
    },
  );
  return { id: session!.id, [Symbol.asyncDispose]: () => session!.close() };
}
