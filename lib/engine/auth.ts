import { ProtocolError } from "../errors.ts";
import { answerText } from "./answer_text.ts";
import type { Engine } from "./engine.ts";
import { type AnswerShape, checkAnswer } from "./fields.ts";

const LOGIN: AnswerShape = {
  type: "object",
  fields: { Status: "text", IdentityToken: "text" },
};

/** What a registry said to a login, in the engine's own field names. */
export interface AuthResult {
  /** A sentence, such as `Login Succeeded`. */
  Status: string;
  /** To be kept in the place of the password, where the registry gives one; else empty. */
  IdentityToken: string;
}

/**
 * `POST /auth`: has the engine try a login at its registry. Nothing is kept,
 * neither by the engine nor here.
 *
 * @param login The login with its `serveraddress`, in the engine's field names.
 * @throws {EngineError} If the registry refuses the login (`status` is 401 or
 * 500, by the engine's version), or can't be reached.
 * @throws {ProtocolError} If the answer is not what an engine says.
 */
export async function auth(
  engine: Engine,
  login: object,
  signal?: AbortSignal,
): Promise<AuthResult> {
  const response = await engine.request({
    method: "POST",
    path: "/auth",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(login),
    signal,
  });
  const text = await answerText(response, "The answer to POST /auth");
  // 204: right, and nothing to be kept.
  const answer = text === "" ? {} : parse(text);
  return {
    Status: answer.Status ?? "Login Succeeded",
    IdentityToken: answer.IdentityToken ?? "",
  };
}

function parse(text: string): Partial<AuthResult> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // No cause: its message shows a piece of the text, and that may be a token.
    throw new ProtocolError(
      "The engine's answer to a login is not JSON: what is at this address may not be an engine",
    );
  }
  return checkAnswer(answer, LOGIN, "The answer to POST /auth");
}
