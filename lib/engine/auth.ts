import { ProtocolError } from "../errors.ts";
import { answerText } from "./answer_text.ts";
import type { Engine } from "./engine.ts";
import { type AnswerShape, checkAnswer } from "./fields.ts";

const LOGIN: AnswerShape = {
  type: "object",
  fields: { Status: "text", IdentityToken: "text" },
};

/** A registry's answer to a login, in the engine's own field names. */
export interface AuthResult {
  /** A message, such as `Login Succeeded`. */
  Status: string;
  /**
   * An identity token to store instead of the password; empty where the
   * registry gives none.
   */
  IdentityToken: string;
}

/**
 * `POST /auth`: lets the engine try a login at its registry. Neither the engine
 * nor davit stores the login.
 *
 * @param login The login with its `serveraddress`, in the engine's field names.
 * @throws {EngineError} If the registry refuses the login (`status` is 401 or
 * 500, depending on the engine's version), or can't be reached.
 * @throws {ProtocolError} If the answer has not the form of an engine's.
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
  // 204: the login is right, and the registry gave no identity token.
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
    // The parser's error is not kept as cause: its message shows a piece of the
    // text, which may be a token.
    throw new ProtocolError(
      "The engine's answer to a login is not JSON: what is at this address may not be an engine",
    );
  }
  return checkAnswer(answer, LOGIN, "The answer to POST /auth");
}
