/**
 * A request that the gateway answers itself, with an error, and does not
 * forward.
 */
export class Refusal extends Error {
  /** Always `Refusal`. */
  override readonly name: string = "Refusal";
  /** Status of the answer. */
  readonly status: number;
  /** Further headers of the answer. */
  readonly headers: readonly (readonly [name: string, value: string])[];

  /**
   * @param message Is sent to the client, so it quotes nothing of what the
   * client sent.
   */
  constructor(
    status: number,
    message: string,
    headers: readonly (readonly [name: string, value: string])[] = [],
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The refusal of a request that is not valid HTTP/1.1. */
export function malformed(what: string): Refusal {
  return new Refusal(400, `davit gateway: malformed request: ${what}`);
}

/** The refusal of a request that is not allowed. */
export function forbidden(what: string): Refusal {
  return new Refusal(403, `davit gateway: ${what}`);
}
