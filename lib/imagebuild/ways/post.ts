// Sends `POST /build` and reads its answer, for every way that uses it; when
// the build ends early, tells the engine to stop.

import type { Engine, Query } from "../../engine/engine.ts";
import { errorText, type JsonMessage } from "../../engine/message.ts";
import { readMessages } from "../../engine/message_stream.ts";
import { BuildError, ContextError, ProtocolError } from "../../errors.ts";
import type { EngineBuild } from "../build_way.ts";
import type { Offer } from "../context/offer.ts";
import type { OpenSession } from "../../session/open.ts";
import type { TakenForms } from "../context/tar_head.ts";
import { imageIdOf, tellMessage } from "./engine_messages.ts";
import type { GatewayReport } from "./gateway_report.ts";

/**
 * How long a cancelled build may take to answer before its connection is
 * closed.
 */
const CANCEL_GRACE_MS = 400;

/** How one way uses `POST /build`. */
export interface BuildPost {
  /** Another tar than the context's own. */
  readonly tar?: Awaited<ReturnType<Offer["tar"]>>;
  /** The query parameters, in the form that this builder reads. */
  readonly query: Query;
  /** The headers with secrets and logins. */
  readonly headers: Readonly<Record<string, string>>;
  /** Reads a gateway's report about the secrets. */
  readonly report?: GatewayReport | undefined;
  /** Cuts the body to the part that the builder reads. */
  readonly cut?: (body: ReadableStream<Uint8Array>) => CutBody;
  /** Whether the engine can cancel a build by its id. */
  readonly cancels: boolean;
  /**
   * What the builder accepts besides a tar; undefined where the format is not
   * checked here.
   */
  readonly takes?: TakenForms;
}

/** A body of which only a part is sent. */
interface CutBody {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The error that the body failed with; undefined if it did not fail. */
  readonly failure: unknown;
}

/**
 * Sends the context and reads the answer to its end.
 *
 * @returns The image's id; empty where the output is no image.
 * @throws {ContextError} If the context can't be read; the engine is told to
 * stop.
 * @throws {BuildError} If the answer holds an error.
 * @throws Whatever `onDockerfile` throws.
 */
export async function postBuild(
  build: EngineBuild,
  session: OpenSession | undefined,
  post: BuildPost,
): Promise<string> {
  const { engine, context, record, stop } = build;
  const { dockerfile, session: foreign } = build.request;
  const isServed = session !== undefined && context.locals !== undefined;
  const tar = post.tar ?? (isServed ? {} : await context.tar());
  const ending = new Ending(engine, post.cancels);
  const onStop = () => ending.begin();
  const watched = tar.body === undefined
    ? undefined
    : (await import("../context/watch_tar.ts")).watchTar(tar.body, {
      dockerfile: dockerfile ?? "Dockerfile",
      files: tar.files,
      takes: post.takes,
      onSent: (event) => record.tell(event),
      onDockerfile: build.onDockerfile,
      onFailure: onStop,
    });
  const cut = watched && post.cut?.(watched.body);
  record.dockerfile = () => context.dockerfile ?? watched?.dockerfile;
  stop.addEventListener("abort", onStop);
  try {
    stop.throwIfAborted();
    const request = {
      method: "POST",
      path: "/build",
      query: {
        ...post.query,
        ...(isServed ? servedContext(context) : tarContext(tar)),
        buildid: post.cancels ? ending.buildId : undefined,
        session: session?.id ?? (foreign || undefined),
      },
      headers: { "content-type": "application/x-tar", ...post.headers },
      body: cut?.body ?? watched?.body ?? "",
      signal: ending.cut,
    };
    const response = await engine.request(request);
    ending.graceMs = CANCEL_GRACE_MS;
    post.report?.begin(response.headers);
    const messages = readMessages(response, request, ending.cut);
    const imageId = await readAnswer(messages, build, post.report);
    stop.throwIfAborted();
    if (watched?.failure !== undefined) throw watched.failure;
    watched?.taken();
    return imageId;
  } catch (error) {
    stop.throwIfAborted();
    throw watched?.failure ?? packingError(cut?.failure) ?? error;
  } finally {
    stop.removeEventListener("abort", onStop);
    await ending.finish();
    // After an abort `fetch` cancels the body at some later time; this does it
    // at once.
    watched?.release(stop.reason);
  }
}

/** The parameters for a folder that the engine asks for over the session. */
function servedContext({ dockerfile }: Offer): Query {
  return { remote: "client-session", dockerfile: dockerfile?.name };
}

/** The parameters for a tar: the Dockerfile's name, if davit chose it. */
function tarContext(
  { dockerfile }: Awaited<ReturnType<Offer["tar"]>>,
): Query {
  return dockerfile === undefined ? {} : { dockerfile };
}

function packingError(failure: unknown): ContextError | undefined {
  // Any other failure comes from the stream that is watched, which has its own
  // error.
  return failure instanceof Error && failure.name === "PackedContextError"
    ? new ContextError(
      `The build was stopped: ${failure.message}; give a tar as it is, or in gzip`,
      { cause: failure },
    )
    : undefined;
}

async function readAnswer(
  messages: AsyncIterable<JsonMessage>,
  { request, record }: EngineBuild,
  report: GatewayReport | undefined,
): Promise<string> {
  let imageId: string | undefined;
  for await (const message of messages) {
    if (report?.take(message)) continue;
    imageId = imageIdOf(message) ??
      (request.quiet ? quietId(message) : undefined) ?? imageId;
    tellMessage(record, message);
    await record.ready();
    const detail = errorText(message);
    if (detail !== undefined) {
      throw new BuildError({
        detail: record.text(detail),
        exitCode: message.errorDetail?.code,
      });
    }
  }
  if (imageId === undefined && request.makesImage) {
    throw new ProtocolError(
      "The engine ended the build with neither an image id nor an error: look into its log",
    );
  }
  return imageId ?? "";
}

/** The image id of a build with `quiet`, whose only text it is. */
function quietId(message: JsonMessage): string | undefined {
  // Podman leaves `sha256:` out.
  const id = message.stream?.match(/^(?:sha256:)?([0-9a-f]{64})\s*$/)?.[1];
  return id === undefined ? undefined : `sha256:${id}`;
}

/**
 * Ends the request of a build. `begin` tells the engine to stop, and gives an
 * engine that already answers a moment to say that it stopped. In every case
 * the connection is closed at the end, which alone also stops the build.
 */
class Ending {
  readonly buildId: string = crypto.randomUUID();
  /**
   * How long to wait after `begin`; 0 before the answer began, when the engine
   * is still reading the context.
   */
  graceMs = 0;
  readonly #cut = new AbortController();
  readonly #engine: Engine;
  readonly #cancels: boolean;
  #begun: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param cancels Whether the engine can cancel a build by its id. */
  constructor(engine: Engine, cancels: boolean) {
    this.#engine = engine;
    this.#cancels = cancels;
  }

  /** Aborts to close the connection. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  begin(): void {
    if (this.#begun !== undefined || this.#cut.signal.aborted) return;
    this.#timer = setTimeout(() => this.#cut.abort(), this.graceMs);
    this.#begun = this.#cancels
      ? this.#cancel().catch(() => {}) // closing the connection stops the build as well
      : Promise.resolve();
  }

  async #cancel(): Promise<void> {
    const signal = AbortSignal.timeout(CANCEL_GRACE_MS);
    const { buildCancel } = await import("../../engine/build_cancel.ts");
    await buildCancel(this.#engine, this.buildId, signal);
  }

  async finish(): Promise<void> {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#cut.abort();
    await this.#begun;
  }
}
