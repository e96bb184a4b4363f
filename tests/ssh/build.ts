import { busyboxProgram } from "../engines/packages.ts";
import { collect } from "../support/builds.ts";
import type { EngineContext } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { packOpenssh } from "./openssh.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { dialSession } from "../../lib/engine/session_dial.ts";
import type { GrpcCall } from "../../lib/grpc/call.ts";
import { Session } from "../../lib/session/session.ts";
import { sshService } from "../../lib/session/ssh.ts";
import type { SshAgents } from "../../lib/ssh/agents.ts";
import type { SshError } from "../../lib/ssh/ssh_error.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";

/** What a build came to. */
export interface SshBuild {
  /** Why it failed, if it did. */
  readonly error: unknown;
  /** What its steps printed. */
  readonly log: string;
  /** What the service said of its failures. */
  readonly failures: readonly SshError[];
  /** What went wrong inside of it for reasons of its own. */
  readonly faults: readonly unknown[];
}

/** How a build is watched and stopped. */
export interface SshBuildOptions {
  /** Cancels it. */
  readonly signal?: AbortSignal;
  /** Told of each connection that a step opens. */
  readonly onForward?: (call: GrpcCall) => void;
  /** Told what the steps print. */
  readonly onLog?: (log: string) => void;
  /** Ends the session in the middle. */
  readonly endSession?: AbortSignal;
  /** Build arguments. */
  readonly buildargs?: Readonly<Record<string, string>>;
}

let rootfs: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** Builds `FROM` an image with OpenSSH's client, over a session that serves ssh and nothing else. */
export async function buildWithSsh(
  { docker, socketPath }: EngineContext,
  agents: Pick<SshAgents, "get">,
  dockerfile: readonly string[],
  options: SshBuildOptions = {},
): Promise<SshBuild> {
  rootfs ??= busyboxProgram().then(packOpenssh);
  const repo = `davit-test/openssh-${crypto.randomUUID()}`;
  await docker.imageImport(
    ReadableStream.from([await rootfs]),
    { repo, tag: "1" },
  );
  const transport = await connectEndpoint({ kind: "unix", path: socketPath });
  const failures: SshError[] = [];
  const faults: unknown[] = [];
  const session = new Session(
    sshService(agents, { onError: (error) => failures.push(error) })
      .map((method) => ({
        ...method,
        handle(call) {
          if (method.path.endsWith("ForwardAgent")) {
            options.onForward?.(call);
          }
          return method.handle(call);
        },
      })),
    (error) => faults.push(error),
  );
  options.endSession?.addEventListener("abort", () => session.close());
  const served = session.serve(
    await dialSession(new Engine(transport), session.headers("davit")),
  );
  try {
    const build = docker.imageBuild(
      dockerfileTar(`FROM ${repo}:1`, ...dockerfile),
      {
        session: session.id,
        networkmode: "none",
        nocache: true,
        ...(options.buildargs === undefined
          ? {}
          : { buildargs: options.buildargs }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    );
    let log = "";
    const reading = (async () => {
      for await (
        const text of build.logs().pipeThrough(
          new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
        )
      ) {
        log += text;
        options.onLog?.(log);
      }
    })().catch(() => {}); // the error is read below
    const { error } = await collect(build);
    await reading;
    if (error === undefined) {
      await docker.imageRemove(await build.wait(), { force: true });
    }
    return { error, log, failures, faults };
  } finally {
    session.close();
    await served;
    await transport.close();
    await docker.imageRemove(`${repo}:1`, { force: true });
  }
}
