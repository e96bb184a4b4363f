// The exchange of `POST /build`, for every way that goes by it: the context out,
// the answer in, and an end that the engine hears of.

import { buildCancel } from "../../engine/build_cancel.ts";
import type { Engine, Query } from "../../engine/engine.ts";
import { errorText, type JsonMessage } from "../../engine/message.ts";
import { readMessages } from "../../engine/message_stream.ts";
import { BuildError, ContextError, ProtocolError } from "../../errors.ts";
import type { Build } from "../build_way.ts";
import type { Offer } from "../context/offer.ts";
import type { OpenSession } from "../../session/open.ts";
import type { TakenForms } from "../context/tar_head.ts";
import { imageIdOf, tellMessage } from "./engine_messages.ts";
import type { GatewayReport } from "./gateway_report.ts";

/** How long a cancelled build may take to say so before its connection is cut. */
const CANCEL_GRACE_MS = 400;

/** What is particular to a way of `POST /build`. */
export interface BuildPost {
  /** What goes in the place of the context's own tar. */
  readonly tar?: Awaited<ReturnType<Offer["tar"]>>;
  /** What is asked, as this builder reads it. */
  readonly query: Query;
  /** Secrets and logins. */
  readonly headers: Readonly<Record<string, string>>;
  /** Takes what a gateway tells of the secrets. */
  readonly report?: GatewayReport | undefined;
  /** Cuts a body to what the builder reads of it. */
  readonly cut?: (body: ReadableStream<Uint8Array>) => CutBody;
  /** Whether a build can be cancelled by its id. */
  readonly cancels: boolean;
  /** What the builder takes besides a tar; undefined where that is its own affair. */
  readonly takes?: TakenForms;
}

/** A body of which a part is sent. */
interface CutBody {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What it failed with, if it did. */
  readonly failure: unknown;
}

/**
 * Sends the context and reads the answer to its end.
 *
 * @returns The image's id, or nothing where the output is no image.
 * @throws {ContextError} If the context fails; the engine is told to stop.
 * @throws {BuildError} If the answer holds an error.
 * @throws Whatever `onDockerfile` throws.
 */
export async function postBuild(
  build: Build,
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
      record,
      onDockerfile: build.onDockerfile,
      onFailure: onStop,
    });
  const cut = watched && post.cut?.(watched.body);
  if (context.dockerfile !== undefined) {
    record.dockerfile = () => context.dockerfile;
  }
  stop.addEventListener("abort", onStop, { once: true });
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
    // `fetch` lets go of an aborted body in its own time.
    watched?.release(stop.reason);
  }
}

/** The engine asks for the folder over the session, by names that it knows. */
function servedContext({ dockerfile }: Offer): Query {
  return { remote: "client-session", dockerfile: dockerfile?.name };
}

/** Nothing, unless the Dockerfile has a name of davit's choice there. */
function tarContext(
  { dockerfile }: Awaited<ReturnType<Offer["tar"]>>,
): Query {
  return dockerfile === undefined ? {} : { dockerfile };
}

function packingError(failure: unknown): ContextError | undefined {
  // Any other failure is the watched stream's own.
  return failure instanceof Error && failure.name === "PackedContextError"
    ? new ContextError(
      `The build was stopped: ${failure.message}; give a tar as it is, or in gzip`,
      { cause: failure },
    )
    : undefined;
}

async function readAnswer(
  messages: AsyncIterable<JsonMessage>,
  { request, record }: Build,
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

/** With `quiet` the id comes as the only text. */
function quietId(message: JsonMessage): string | undefined {
  // Podman leaves the algorithm out.
  const id = /^(?:sha256:)?([0-9a-f]{64})\s*$/.exec(message.stream ?? "")?.[1];
  return id === undefined ? undefined : `sha256:${id}`;
}

/**
 * The end of a build, wanted or not. `begin` tells the engine to stop; while
 * it is answering, it may take a moment to say that it did. Then, and in every
 * ending, the connection is cut, which stops the build by itself.
 */
class Ending {
  readonly buildId: string = crypto.randomUUID();
  /** 0 before the answer began: the engine is still reading the context. */
  graceMs = 0;
  readonly #cut = new AbortController();
  readonly #engine: Engine;
  readonly #cancels: boolean;
  #begun: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param cancels Whether the engine can be told to stop, by the build's id. */
  constructor(engine: Engine, cancels: boolean) {
    this.#engine = engine;
    this.#cancels = cancels;
  }

  /** Ends the connection. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  begin(): void {
    if (this.#begun !== undefined || this.#cut.signal.aborted) return;
    this.#timer = setTimeout(() => this.#cut.abort(), this.graceMs);
    this.#begun = this.#cancels
      ? buildCancel(
        this.#engine,
        this.buildId,
        AbortSignal.timeout(CANCEL_GRACE_MS),
      ).catch(() => {}) // a courtesy: the cut connection says the same
      : Promise.resolve();
  }

  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#cut.abort();
    await this.#begun;
  }
}
