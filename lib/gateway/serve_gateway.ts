import type { Gateway, GatewayOptions } from "./gateway.ts";

/**
 * Starts a server in front of an engine, for clients that can send a header but
 * serve no session. It takes the secrets of a build from the header
 * `X-BuildKit-Secrets`, gives them to the engine over a session, forwards the
 * body as it comes, and masks the secrets in the answer.
 *
 * Builds are allowed, and `/_ping`, `/version`, a part of `/info`, inspect and
 * history of images. Everything else gets 403 unless `allow` has its group.
 *
 * @example
 * ```ts
 * import { serveGateway } from "@davit/build";
 *
 * await using gateway = await serveGateway({
 *   listen: { path: "/run/davit/gateway.sock" },
 * });
 * await gateway.finished;
 * ```
 *
 * @throws {TypeError} If it would listen without protection, or an option is wrong.
 * @throws {RangeError} If a limit is out of range.
 * @throws {ConnectionError} If there is no engine, or it can't listen there: the
 * port is taken, or the socket's folder is missing.
 * @throws {UnsupportedError} For TLS on a Deno before 2.7.12.
 */
export async function serveGateway(
  options: GatewayOptions = {},
): Promise<Gateway> {
  // A program that only builds does not load a server.
  const { startGateway } = await import("./serve.ts");
  return await startGateway(options);
}
