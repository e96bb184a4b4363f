import { readText } from "../streams/read_whole.ts";
import { malformed, Refusal } from "./refusal.ts";

/** The longest body that is read, in bytes. */
const MAX_BYTES = 64 * 1024;

/**
 * Fields of a login, which engines of 20.10 take from the body of a push that
 * has no `X-Registry-Auth` (moby, `postImagesPush`).
 */
const LOGIN_REGEXP =
  /^(?:username|password|auth|email|serveraddress|identitytoken|registrytoken)$/i;

/**
 * Reads the body of a request whose body engines ignore: some clients repeat
 * their options in it, or send `{}`. The body is not forwarded.
 *
 * @throws {Refusal} If it holds anything else: a client's wish must not be
 * dropped in silence.
 */
export async function readUnread(
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const whole = await readText(
    body,
    MAX_BYTES,
    () =>
      new Refusal(
        413,
        "davit gateway: this request has a large body, and no use for one",
      ),
  );
  const text = whole.trim();
  if (text === "") return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(
      "this request has a body that is no JSON, and no use for one",
    );
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    throw malformed(
      "this request has a body that is no JSON object, and no use for one",
    );
  }
  if (Object.keys(value ?? {}).some((key) => LOGIN_REGEXP.test(key))) {
    throw malformed(
      "this request has a login in its body, where not every engine reads it: send it in X-Registry-Auth",
    );
  }
}
