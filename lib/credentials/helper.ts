// @ts-types="../std/abortable.d.ts"
import { abortable } from "@std/async/abortable";
import { cutText } from "../cut_text.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { readText } from "../streams/read_whole.ts";
import { CredentialError } from "./credential_error.ts";
import type { AuthConfig } from "./auth_config.ts";

/**
 * The longest answer that is read, in bytes; tokens of cloud registries have a
 * few thousand.
 */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * How long a helper may take to end after SIGTERM before it is killed, in
 * milliseconds.
 */
const GRACE_MS = 1000;

/**
 * What a helper prints, with an exit code other than 0, when it has no login.
 */
const NOT_FOUND = "credentials not found in native keychain";

/** The user name with which a helper marks an identity token. */
const TOKEN_USER = "<token>";

/** One question to a credential helper. */
export interface HelperRequest {
  /**
   * Name of the helper in config files: the program is
   * `docker-credential-NAME`.
   */
  readonly helper: string;
  /** The registry, for error messages. */
  readonly registry: string;
  /** The registry's address in the form that helpers expect. */
  readonly address: string;
  /** How long the helper may take, in milliseconds. */
  readonly timeout: number;
  /** Aborts the helper. */
  readonly signal: AbortSignal;
}

/**
 * Runs `docker-credential-NAME get` with the address on its standard input, as
 * docker's CLI does, without a shell. Its standard error is not shown, because
 * an error message of such a program may contain a password.
 *
 * @returns undefined when it has no login for this registry.
 * @throws {CredentialError} If there is no such program, or it fails.
 * @throws {Deno.errors.NotCapable} If Deno may not run it.
 */
export async function askHelper(
  request: HelperRequest,
): Promise<AuthConfig | undefined> {
  const { helper, registry, address, timeout, signal } = request;
  const program = `docker-credential-${helper}`;
  if (!/^[\w.-]+$/.test(helper)) {
    throw new CredentialError(
      registry,
      `Cannot fetch the login for "${registry}": docker's config names the credential helper ${
        JSON.stringify(helper)
      }, which is no program's name`,
    );
  }
  signal.throwIfAborted();
  const fail = (why: string, options?: ErrorOptions) =>
    new CredentialError(
      registry,
      `Cannot fetch the login for "${registry}": the credential helper "${program}" ${why}`,
      options,
    );
  let child;
  try {
    child = new Deno.Command(program, {
      args: ["get"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw fail(
        "is not in PATH; docker's config asks for it: install it, or take it out of credsStore or credHelpers",
        { cause },
      );
    }
    throw cause;
  }
  const late = AbortSignal.timeout(timeout);
  const stop = AbortSignal.any([signal, late]);
  let answer;
  try {
    answer = await converse(child, address, stop);
  } catch (error) {
    await end(child);
    if (signal.aborted) throw signal.reason;
    throw late.aborted
      ? fail(`gave no answer within ${timeout / 1000} s`)
      : error instanceof RangeError
      ? fail("answered more than any login has")
      : fail("could not be asked", { cause: error });
  }
  const { text, code } = answer;
  if (code !== 0) {
    if (text.trim() === NOT_FOUND) return undefined;
    throw fail(
      `ended with exit code ${code}${
        quoted(text)
      }; to see it at work: echo ${address} | ${program} get`,
    );
  }
  const login = readAnswer(text);
  if (login === undefined) {
    throw fail("gave an answer that is not its protocol's JSON");
  }
  return login.password || login.identitytoken ? login : undefined;
}

async function converse(
  child: Deno.ChildProcess,
  address: string,
  stop: AbortSignal,
): Promise<{ text: string; code: number }> {
  const reader = child.stdout.getReader();
  // Not awaited: it never rejects, and a helper may answer without reading its
  // input.
  void write(child.stdin, address);
  try {
    const text = await abortable(
      readText(
        ByteStream.of(reader).chunks(),
        MAX_ANSWER_BYTES,
        () => new RangeError("answer too long"),
      ),
      stop,
    );
    const { code } = await abortable(child.status, stop);
    return { text, code };
  } catch (error) {
    // A child process of the helper may keep the pipe open after the helper has
    // ended.
    reader.cancel().catch(() => {}); // the helper is ended anyway
    throw error;
  }
}

async function write(
  stdin: WritableStream<Uint8Array>,
  text: string,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The helper did not read all of its input; only its answer matters.
  }
}

/**
 * Ends a helper, by SIGTERM and then by SIGKILL. Resolves when it has ended.
 */
async function end(child: Deno.ChildProcess): Promise<void> {
  const kill = (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch {
      // The process has already ended.
    }
  };
  kill("SIGTERM");
  const force = setTimeout(() => kill("SIGKILL"), GRACE_MS);
  await child.status;
  clearTimeout(force);
}

function readAnswer(text: string): AuthConfig | undefined {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined; // no cause: its message could show a piece of the value
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  const { Username: username = "", Secret: secret = "" } = answer;
  if (typeof username !== "string" || typeof secret !== "string") {
    return undefined;
  }
  return username === TOKEN_USER
    ? { identitytoken: secret }
    : { username, password: secret };
}

/**
 * The first line of a helper's error, for a message. Empty if the text could be
 * a login (JSON).
 */
function quoted(text: string): string {
  const line = text.trim().split("\n")[0]!;
  // deno-lint-ignore no-control-regex -- no terminal is to obey a helper's words
  const plain = cutText(line.replace(/[\x00-\x1f\x7f-\x9f]/g, ""), 200);
  return plain === "" || text.includes("{") ? "" : ` and the words "${plain}"`;
}
