import type { BuildkitHost } from "../../lib/buildkit/host.ts";
import { openControl } from "../../lib/buildkit/control.ts";
import { runSolve } from "../../lib/buildkit/run_solve.ts";
import type { Way } from "../support/way.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { dialSession } from "../../lib/engine/session_dial.ts";
import type { Exporter, ExportReport } from "../../lib/exporter/exporter.ts";
import type { ExportRequest } from "../../lib/exporter/output.ts";
import { ExportSet } from "../../lib/exporter/export_set.ts";
import { filesendService } from "../../lib/session/filesend.ts";
import { Session } from "../../lib/session/session.ts";
import { Upload, uploadService } from "../../lib/session/upload.ts";
import { jsonLines } from "../../lib/streams/json_lines.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import { dockerfileTar } from "../support/tar.ts";

/** How a build with an export is made. */
export interface ExportBuildOptions {
  /** Cancels it. */
  readonly signal?: AbortSignal;
  /** In the place of a context that holds the Dockerfile alone. */
  readonly context?: ReadableStream<Uint8Array>;
}

/** Where a build by hand is made: by an engine's `POST /build`, or by BuildKit's API. */
export type ExportEngine =
  | { readonly api: "engine"; readonly socketPath: string }
  | { readonly api: "buildkit"; readonly openBuildkit: Way["openBuildkit"] };

/** One build by hand: a session that takes the result, the build, then commit or discard. */
export async function exportBuild(
  place: ExportEngine,
  request: ExportRequest,
  dockerfile: readonly string[],
  options: ExportBuildOptions = {},
): Promise<ExportReport> {
  const { exporter } = request;
  try {
    await exporter.prepare();
    if (place.api === "buildkit") {
      await using host = await place.openBuildkit();
      await solve(host, exporter, request, dockerfile, options);
    } else {
      const path = place.socketPath;
      const transport = await connectEndpoint({ kind: "unix", path });
      try {
        const engine = new Engine(transport);
        await post(engine, exporter, request, dockerfile, options);
      } finally {
        await transport.close();
      }
    }
    return await exporter.commit();
  } catch (error) {
    await exporter.discard(error);
    options.signal?.throwIfAborted();
    throw error;
  }
}

async function post(
  engine: Engine,
  exporter: Exporter,
  { type, attrs }: ExportRequest,
  dockerfile: readonly string[],
  { signal, context }: ExportBuildOptions,
): Promise<void> {
  let failure: Error | undefined;
  const session = new Session(
    filesendService(new ExportSet([{ type, exporter }]), {
      onError: (error) => failure ??= error,
    }),
    (error) => failure ??= error as Error,
  );
  const served = session.serve(
    await dialSession(engine, session.headers("davit"), signal),
  );
  try {
    const response = await engine.request({
      method: "POST",
      path: "/build",
      query: {
        version: "2",
        networkmode: "none",
        session: session.id,
        outputs: JSON.stringify([{ Type: type, Attrs: attrs }]),
      },
      headers: { "Content-Type": "application/x-tar" },
      body: context ?? dockerfileTar(...dockerfile),
      ...(signal === undefined ? {} : { signal }),
    });
    for await (
      const { error } of jsonLines<{ error?: string }>(response.body!)
    ) {
      if (error !== undefined) throw failure ?? new Error(error);
    }
  } finally {
    session.close();
    await served;
  }
}

async function solve(
  host: BuildkitHost,
  exporter: Exporter,
  { type, attrs }: ExportRequest,
  dockerfile: readonly string[],
  { signal = new AbortController().signal, context }: ExportBuildOptions,
): Promise<void> {
  let failure: Error | undefined;
  const upload = new Upload();
  upload.offer(context ?? dockerfileTar(...dockerfile));
  const onError = (error: Error) => failure ??= error;
  const session = new Session(
    [
      ...filesendService(new ExportSet([{ type, exporter }]), { onError }),
      ...uploadService([upload], { onError }),
    ],
    (error) => failure ??= error as Error,
  );
  const served = session.serve(
    await host.dialSession(session.headers("davit"), signal),
  );
  try {
    await using control = await openControl(host, { signal });
    await runSolve(control, {
      ref: crypto.randomUUID(),
      session: session.id,
      frontend: "dockerfile.v0",
      frontendAttrs: {
        context: upload.url,
        "force-network-mode": "none",
      },
      exporters: [{ type, attrs }],
    }, { signal, onStatus: () => {} });
  } catch (error) {
    throw failure ?? error;
  } finally {
    session.close();
    await served;
  }
}
