import {
  type Advice,
  type AdviceCode,
  adviceWords,
  withAdvice,
} from "../advice.ts";
import type { EngineError } from "../errors.ts";

/** What davit knows about a failed transfer, besides the engine's error. */
export interface TransferErrorInit {
  /** Whether it was a push or a pull. */
  action: "pull" | "push";
  /** The image's name. */
  image: string;
  /** Host of its registry. */
  registry: string;
  /** Whether a login was sent with the request. */
  authenticated: boolean;
  /**
   * The reason, if Deno's permissions did not allow to read a source of logins.
   */
  closed?: string | undefined;
  /** The engine's error. */
  cause: EngineError;
}

/**
 * An image could not be pulled or pushed, for example because there is no
 * permission, no such image, or no such registry.
 */
export class TransferError extends Error {
  /** Always `TransferError`. */
  override readonly name: string = "TransferError";
  /** The image's name, with its tag or digest. */
  readonly image: string;
  /** Host of its registry; `docker.io` where the name has none. */
  readonly registry: string;
  /** The engine's own message. */
  readonly detail: string;
  /**
   * HTTP status of the engine's answer: 404 where there is no such image, and
   * 200 where the transfer failed after the answer had begun.
   */
  readonly status: number;

  /**
   * Makes a message from the image's name, the engine's message and what to do
   * about it.
   */
  constructor(init: TransferErrorInit) {
    const { action, image, registry, cause } = init;
    const about = `Cannot ${action} "${image}": ${cause.detail}`;
    const hint = hintOn(init);
    const advice: Advice | undefined = typeof hint === "object"
      ? { ...hint, about: `${about}${hint.about}`, value: registry }
      : undefined;
    super(
      advice !== undefined
        ? adviceWords(advice)
        : typeof hint === "string"
        ? `${about}; ${hint}`
        : about,
      { cause },
    );
    if (advice !== undefined) withAdvice(this, advice);
    this.image = image;
    this.registry = registry;
    this.detail = cause.detail;
    this.status = cause.status;
  }
}

/**
 * What to do about the error, found by words that engines of different versions
 * use: a sentence, or an advice that the command line words in its own way.
 */
function hintOn(
  init: TransferErrorInit,
): string | { code: AdviceCode; about: string } | undefined {
  const { action, image, registry, authenticated, closed, cause } = init;
  // The names are removed before the search, because a name or port may contain
  // any of these words and numbers.
  const words = cause.detail.replaceAll(image, "").replaceAll(registry, "");
  if (/HTTP response to HTTPS client/.test(words)) {
    return `${registry} speaks plain HTTP: list it in "insecure-registries" of the engine`;
  }
  if (/x509|certificate/i.test(words)) {
    return `give the engine's machine the registry's CA, as /etc/docker/certs.d/${registry}/ca.crt`;
  }
  if (
    /connection refused|no such host|i\/o timeout|no route to host|network is unreachable/i
      .test(words)
  ) {
    return `is ${registry} running, and can the engine's machine reach it?`;
  }
  if (
    cause.status === 401 ||
    /unauthori[sz]ed|denied|authentication required|no basic auth|\b40[13]\b/i
      .test(words)
  ) {
    return authenticated
      ? {
        code: "check-login",
        about: `; ${registry} did not take the login that was sent`,
      }
      : closed ?? { code: "give-login", about: "" };
  }
  if (
    cause.status === 404 ||
    /not found|unknown|does not exist|not known/i.test(words)
  ) {
    if (action === "pull") return "check its name and its tag";
    return cause.status === 404 || /no such image|locally|\btag\b/i.test(words)
      ? { code: "tag-image", about: "" }
      : `${registry} takes no image of this name: check its name`;
  }
  return undefined;
}
