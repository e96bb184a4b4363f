import {
  type Advice,
  type AdviceCode,
  adviceWords,
  withAdvice,
} from "../advice.ts";
import type { EngineError } from "../errors.ts";

/** What davit knows of a transfer that failed, besides the engine's words. */
export interface TransferErrorInit {
  /** What was tried. */
  action: "pull" | "push";
  /** The image's name. */
  image: string;
  /** Host of its registry. */
  registry: string;
  /** Whether a login was sent along. */
  authenticated: boolean;
  /** Why a source of logins was not looked into, if that is so. */
  closed?: string | undefined;
  /** The engine's refusal. */
  cause: EngineError;
}

/** An image could not be pulled or pushed: no permission, no such image, no registry. */
export class TransferError extends Error {
  /** Always `TransferError`. */
  override readonly name: string = "TransferError";
  /** The image's name, with its tag or digest. */
  readonly image: string;
  /** Host of its registry; `docker.io` where the name has none. */
  readonly registry: string;
  /** The engine's own sentence. */
  readonly detail: string;
  /**
   * HTTP status of the engine's answer: 404 where there is no such image, and
   * 200 where the answer had begun before it failed.
   */
  readonly status: number;

  /** Puts the image before the engine's words, and what to do behind them. */
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
 * What to do, by the words that engines of several generations use: a sentence,
 * or an advice that the command words in its own way.
 */
function hintOn(
  init: TransferErrorInit,
): string | { code: AdviceCode; about: string } | undefined {
  const { action, image, registry, authenticated, closed, cause } = init;
  // A name may hold any word, and a port any number: they say nothing.
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
