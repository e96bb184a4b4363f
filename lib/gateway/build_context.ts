import {
  classicContext,
  PackedContextError,
} from "../imagebuild/context/classic_context.ts";
import { malformed, Refusal } from "./refusal.ts";
import type { RequestBody } from "./request_body.ts";
import type { Target } from "./target.ts";

/**
 * The part of a build's body that is sent to the engine. What the engine would
 * not read is read here instead: with unread bytes in front of it, the engine
 * would not notice that the client hangs up.
 *
 * @param onFailure Called when the body turns out to be wrong in the part that
 * is read here.
 * @throws {Refusal} If there is a body beside a `remote`.
 */
export async function buildContext(
  body: RequestBody,
  query: Target["query"],
  isBuildKit: boolean,
  onFailure: (why: unknown) => void,
): Promise<ReadableStream<Uint8Array> | null> {
  if (body.stream === null) return null;
  if (query.some(([name, value]) => name === "remote" && value !== "")) {
    await refuseBytes(body.stream);
    return null;
  }
  if (isBuildKit) return body.stream;
  const context = classicContext(body.stream, true);
  context.whole.catch((error) => onFailure(asRefusal(error)));
  return context.body;
}

/** Some clients send a body with no bytes in it. */
async function refuseBytes(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const bytes of stream) {
    if (bytes.length > 0) {
      throw malformed("a build from a remote has a body, and no use for one");
    }
  }
}

function asRefusal(error: unknown): unknown {
  return error instanceof PackedContextError
    ? new Refusal(
      error.cause === undefined ? 415 : 400,
      `davit gateway: ${error.message}`,
    )
    : error;
}
