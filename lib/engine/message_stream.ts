import { jsonLines } from "../streams/json_lines.ts";
import { answerBody, type Engine, type EngineRequest } from "./engine.ts";
import { type JsonMessage, messageError } from "./message.ts";
import { wireMessage } from "./wire_message.ts";

/**
 * Sends a request and reads the messages of its answer, one after the other.
 * Leaving the loop early closes the connection.
 *
 * @throws {EngineError} If the engine refuses it, also when it reports the
 * error inside an answer that began with 200.
 * @throws {ConnectionError} If the connection breaks.
 * @throws {ProtocolError} If the answer has not the form of an engine's.
 */
export async function* messageStream(
  engine: Engine,
  request: EngineRequest,
): AsyncGenerator<JsonMessage, void, undefined> {
  const { method = "GET", path, signal } = request;
  const response = await engine.request(request);
  for await (const message of readMessages(response, request, signal)) {
    const failure = messageError(message, method, path);
    if (failure !== undefined) throw failure;
    yield message;
  }
}

/**
 * Reads and checks the messages of an answer. Leaving the loop early closes the
 * connection.
 *
 * @param signal Ends the reading with its reason, even if the transport does
 * not react to it.
 * @throws {ConnectionError} If the connection breaks.
 * @throws {ProtocolError} If the answer has not the form of an engine's.
 */
export async function* readMessages(
  response: Response,
  request: Pick<EngineRequest, "method" | "path">,
  signal: AbortSignal | undefined,
): AsyncGenerator<JsonMessage, void, undefined> {
  const values = jsonLines<unknown>(
    answerBody(response, request),
    signal === undefined ? {} : { signal },
  );
  for await (const value of values) yield wireMessage(value);
}
