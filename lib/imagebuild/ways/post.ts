import { buildCancel } from "../../engine/build_cancel.ts";
import type { Engine, Query } from "../../engine/engine.ts";
import { errorText } from "../../engine/message.ts";
import { readMessages } from "../../engine/message_stream.ts";
import { BuildError, ContextError, ProtocolError } from "../../errors.ts";
import { tellMessage } from "./engine_messages.ts";
import type { GatewayReport } from "./gateway_report.ts";
import { type BuildMessage, imageIdOf } from "../message.ts";
import type { BuildPlan } from "../plan.ts";
import type { BuildRecord } from "../record.ts";
import type { Sending } from "../context/sending.ts";

/** How long a cancelled build may take to say so before its connection is cut. */
const CANCEL_GRACE_MS = 400;

/** One `POST /build`. */
export interface BuildPost {
  /** Where to. */
  readonly engine: Engine;
  /** What is asked. */
  readonly plan: BuildPlan;
  /** Makes a Docker engine's query what this one reads. */
  readonly queryOf: (query: Query) => Query;
  /** How the context is sent. */
  readonly sending: Sending;
  /** Id of the session that serves the build. */
  readonly session: string | undefined;
  /** Headers beside those of the plan. */
  readonly headers: Readonly<Record<string, string>>;
  /** Takes what a gateway tells of the secrets; undefined where none stands there. */
  readonly report: GatewayReport | undefined;
  /** Takes the messages. */
  readonly record: BuildRecord;
  /** Told of the Dockerfile in a tar as it passes; what it throws ends the build. */
  readonly onDockerfile: (text: string) => void;
  /** Stops the build. */
  readonly stop: AbortSignal;
}

/**
 * Sends the context and reads the answer to its end.
 *
 * @returns The image's id, or nothing where the output is no image.
 * @throws {ContextError} If the context fails; the engine is told to stop.
 * @throws {BuildError} If the answer holds an error.
 * @throws Whatever `onDockerfile` throws.
 */
export async function postBuild(post: BuildPost): Promise<string> {
  const { engine, plan, sending, record, stop } = post;
  const ending = new Ending(engine, plan);
  const onStop = () => ending.begin();
  const watched = sending.body === undefined ||
      plan.query.remote !== undefined
    ? undefined
    : (await import("../context/watch_tar.ts")).watchTar(
      sending.body,
      post,
      onStop,
    );
  // An engine that fetches the context by itself loses its answer to a body
  // that nobody reads.
  if (watched === undefined) {
    await sending.body?.cancel().catch(() => {}); // not wanted, whatever it says
  }
  // The classic builder stops reading at the tar's end, and hears of nothing
  // that comes behind it.
  const classic = watched === undefined || plan.version === "2"
    ? undefined
    : (await import("../context/classic_context.ts")).classicContext(
      watched.body,
      false,
    );
  if (sending.dockerfile !== undefined) {
    record.dockerfile = () => sending.dockerfile;
  }
  stop.addEventListener("abort", onStop, { once: true });
  try {
    stop.throwIfAborted();
    const request = {
      method: "POST",
      path: "/build",
      query: {
        ...post.queryOf({ ...plan.query, ...sending.query }),
        buildid: plan.version === "2" ? ending.buildId : undefined,
        session: post.session,
      },
      headers: { ...plan.headers, ...post.headers },
      body: classic?.body ?? watched?.body ?? "",
      signal: ending.cut,
    };
    const response = await engine.request(request);
    ending.graceMs = CANCEL_GRACE_MS;
    post.report?.begin(response.headers);
    const messages = readMessages(response, request, ending.cut);
    const imageId = await readAnswer(messages as Messages, post);
    stop.throwIfAborted();
    if (watched?.failure !== undefined) throw watched.failure;
    watched?.taken();
    return imageId;
  } catch (error) {
    stop.throwIfAborted();
    throw watched?.failure ?? packingError(classic?.failure) ?? error;
  } finally {
    stop.removeEventListener("abort", onStop);
    await ending.finish();
    // `fetch` lets go of an aborted body in its own time.
    watched?.release(stop.reason);
  }
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

/** Their ids tell them apart. */
type Messages = AsyncIterable<BuildMessage>;

async function readAnswer(
  messages: Messages,
  { plan, record, report }: BuildPost,
): Promise<string> {
  let imageId: string | undefined;
  for await (const message of messages) {
    if (report?.take(message)) continue;
    imageId = imageIdOf(message) ?? quietId(message, plan) ?? imageId;
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
  if (imageId === undefined && plan.makesImage) {
    throw new ProtocolError(
      "The engine ended the build with neither an image id nor an error: look into its log",
    );
  }
  return imageId ?? "";
}

/** With `quiet` the id comes as the only text. */
function quietId(message: BuildMessage, plan: BuildPlan): string | undefined {
  if (plan.query.q !== true) return undefined;
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
  readonly #plan: BuildPlan;
  #begun: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(engine: Engine, plan: BuildPlan) {
    this.#engine = engine;
    this.#plan = plan;
  }

  /** Ends the connection. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  begin(): void {
    if (this.#begun !== undefined || this.#cut.signal.aborted) return;
    this.#timer = setTimeout(() => this.#cut.abort(), this.graceMs);
    this.#begun = this.#plan.version === "2"
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
