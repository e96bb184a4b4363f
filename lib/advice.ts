/**
 * What a user can do about an error, as data. The API words it for programs,
 * the command line for people who gave flags. Each of them has a sentence for
 * every code; the type checker makes sure of that.
 *
 * @module
 */

/** Codes of the things that can be done. */
export type AdviceCode =
  | "allow-secret-files"
  | "build-with"
  | "check-login"
  | "dockerfile-elsewhere"
  | "give-login"
  | "name-dockerfile"
  | "no-outputs"
  | "option"
  | "other-network"
  | "save-image"
  | "save-podman-image"
  | "ssh-agent"
  | "ssh-source"
  | "stream-dest"
  | "tag-image"
  | "tar-file"
  | "tar-stream";

/** What a user can do about an error. */
export interface Advice {
  /** The code of the advice. */
  readonly code: AdviceCode;
  /** The error's message without the advice. */
  readonly about: string;
  /**
   * A name that the advice mentions, for example of an option or a registry.
   */
  readonly value: string;
}

/** Makes the whole message of an error, with its advice. */
export type AdviceWords = Readonly<
  Record<AdviceCode, (advice: Advice) => string>
>;

/** The sentences of the API. */
const API_WORDS: AdviceWords = {
  "allow-secret-files": ({ about }) =>
    `${about}; allow that with allowSecretFiles: true, or use a Docker engine`,
  "build-with": ({ about, value }) => `Cannot build with ${value}: ${about}`,
  "check-login": ({ about }) => `${about}: check it with auth()`,
  "dockerfile-elsewhere": ({ about }) =>
    `${about}; give { context, dockerfile }`,
  "give-login": ({ about, value }) =>
    `${about}; give a login for ${value} in the option credentials, or by "docker login"`,
  "name-dockerfile": ({ about }) =>
    `${about}; the option dockerfile names one inside the context, { context, dockerfile } one anywhere`,
  "no-outputs": ({ about }) => `${about}; build without outputs`,
  option: ({ about, value }) => `Cannot use ${value}${about}`,
  "other-network": ({ about }) => `${about}; version "1" knows others`,
  "save-image": ({ about }) =>
    `${about}; build an image and take it with imageSave`,
  "save-podman-image": ({ about }) =>
    `${about}: build without them, and take the image with imageSave`,
  "ssh-agent": ({ about }) =>
    `${about}; start an agent (ssh-agent) and add keys to it (ssh-add), or give { socket } or { keys }`,
  "ssh-source": ({ about }) =>
    `${about}: expected true for the agent at $SSH_AUTH_SOCK, a path, or one of { socket } and { keys } with at least one key`,
  "stream-dest": ({ about }) =>
    `${about}; give a stream, such as Deno.stdout.writable`,
  "tag-image": ({ about }) =>
    `${about}; give an image this name first, with imageTag`,
  "tar-file": ({ about }) =>
    `${about}; a tar is given as a stream, as in (await Deno.open(path)).readable`,
  "tar-stream": ({ about }) => `${about}; a tar is given as a stream`,
};

/** The property in which an error keeps its advice. */
const ADVICE = Symbol("advice");

/**
 * Makes an error whose message says what is wrong and what to do about it, in
 * the words of the API.
 *
 * @param make Makes the error from its message.
 * @param code The code of the advice.
 * @param about The message without the advice.
 * @param value A name that the advice mentions.
 */
export function advised<E extends Error>(
  make: (message: string) => E,
  code: AdviceCode,
  about: string,
  value = "",
): E {
  const advice: Advice = { code, about, value };
  return withAdvice(make(adviceWords(advice)), advice);
}

/** The whole message of an error with this advice, in the words of the API. */
export function adviceWords(advice: Advice): string {
  return API_WORDS[advice.code](advice);
}

/** Attaches an advice to an error whose message already contains it. */
export function withAdvice<E extends Error>(error: E, advice: Advice): E {
  // Not enumerable, so that it is not printed with the error: the message
  // already contains the advice.
  return Object.defineProperty(error, ADVICE, { value: advice });
}

/** The advice of an error; undefined where it has none. */
export function adviceOf(error: Error): Advice | undefined {
  return (error as { [ADVICE]?: Advice })[ADVICE];
}
