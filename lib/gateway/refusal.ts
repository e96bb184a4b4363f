/** A request that gets an answer of the gateway's own, and never the engine. */
export class Refusal extends Error {
  /** Always `Refusal`. */
  override readonly name: string = "Refusal";
  /** Status of the answer. */
  readonly status: number;
  /** Further headers of the answer. */
  readonly headers: readonly (readonly [name: string, value: string])[];

  /** @param message Goes to the client: no part of what it sent is in it. */
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

/** What is no HTTP/1.1 as the gateway takes it. */
export function malformed(what: string): Refusal {
  return new Refusal(400, `davit gateway: malformed request: ${what}`);
}

/** What is not allowed here. */
export function forbidden(what: string): Refusal {
  return new Refusal(403, `davit gateway: ${what}`);
}
