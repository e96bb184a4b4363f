import type { BuildMessage, ImageBuild } from "../../mod.ts";
import { decodeBase64 } from "./base64.ts";

/**
 * An instruction that keeps the steps behind it apart from those of other runs
 * on the engine: of two like ones at the same time it takes one for both, with
 * one's secret, and in the order of neither.
 */
export const SALT: string = `ENV DAVIT_TEST_SALT=${crypto.randomUUID()}`;

/** All messages of a build, and the error behind them, if it failed. */
export async function collect(
  build: ImageBuild,
): Promise<{ messages: BuildMessage[]; error: unknown }> {
  const messages: BuildMessage[] = [];
  try {
    for await (const message of build.messages()) messages.push(message);
    return { messages, error: undefined };
  } catch (error) {
    return { messages, error };
  }
}

/** As {@linkcode collect}, with what the steps printed until the end or the error. */
export async function collectPrinted(
  build: ImageBuild,
): Promise<Awaited<ReturnType<typeof collect>> & { printed: string }> {
  const decoder = new TextDecoder();
  let printed = "";
  const reading = (async () => {
    for await (const bytes of build.logs()) {
      printed += decoder.decode(bytes, { stream: true });
    }
  })().catch(() => {}); // the messages end with the same error
  const collected = await collect(build);
  await reading;
  return { ...collected, printed };
}

/**
 * What the steps printed, dug out of the raw traces: good enough to look for
 * words that must not be there. An engine may cut a line between two messages:
 * where one has to be, {@linkcode collectPrinted} finds it.
 */
export function traceText(messages: readonly BuildMessage[]): string {
  return messages
    .filter((message) => message.id === "moby.buildkit.trace")
    .map((message) =>
      new TextDecoder().decode(decodeBase64(message.aux as string))
    )
    .join("\n");
}

/** The texts of davit's own warnings. */
export function warnings(messages: readonly BuildMessage[]): string[] {
  return messages
    .filter((message) => message.id === "davit.warning")
    .map((message) => message.status ?? "");
}
