import { Builder, type BuilderTls } from "../../lib/builder/builder.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { assertRejects, assertStringIncludes } from "../support/assert.ts";

/** Why a builder can't ask the daemon at an address: the error's words behind the address. */
export async function failure(
  address: string,
  tls?: BuilderTls,
): Promise<string> {
  await using builder = await Builder.fromAddress(address, { tls });
  const { message } = await assertRejects(
    () => builder.workers(),
    ConnectionError,
  );
  const start = `Cannot reach the BuildKit daemon at ${address}: `;
  assertStringIncludes(message, start);
  return message.slice(start.length);
}
