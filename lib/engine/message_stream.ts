import { ProtocolError } from "../errors.ts";
import { jsonLines } from "../streams/json_lines.ts";
import type { Engine, EngineRequest } from "./engine.ts";
import { type JsonMessage, messageError } from "./message.ts";

/**
 * Sends a request and reads the messages of its answer, one after the other.
 * Leaving the loop early drops the connection.
 *
 * @throws {EngineError} If the engine refuses it, also when it says so inside
 * an answer that began with 200.
 * @throws {ConnectionError} If the connection breaks.
 * @throws {ProtocolError} If the answer is not what an engine says.
 */
export async function* messageStream(
  engine: Engine,
  request: EngineRequest,
): AsyncGenerator<JsonMessage, void, undefined> {
  const { method = "GET", path, signal } = request;
  const response = await engine.request(request);
  if (response.body === null) {
    throw new ProtocolError(
      `The engine answered ${method} ${path} with nothing`,
    );
  }
  const messages = jsonLines<JsonMessage>(
    response.body,
    signal === undefined ? {} : { signal },
  );
  for await (const message of messages) {
    if (typeof message !== "object" || message === null) {
      throw new ProtocolError(
        "The engine's answer holds a message that is no object: is something between davit and the engine?",
      );
    }
    const failure = messageError(message, method, path);
    if (failure !== undefined) throw failure;
    yield message;
  }
}
