import { printText } from "./print.ts";
import { readStdin } from "./standard_input.ts";

/**
 * Asks for a yes, as docker's commands do: only `y`, or `Y`, is one, and the end
 * of standard input is none.
 */
export async function confirm(
  question: string,
  signal: AbortSignal,
): Promise<boolean> {
  printText(`${question} [y/N] `);
  const decoder = new TextDecoder();
  let line = "";
  for await (const bytes of readStdin(signal)) {
    line += decoder.decode(bytes, { stream: true });
    if (line.includes("\n")) break;
  }
  const [answer = ""] = line.split(/\r?\n/);
  return answer.toLowerCase() === "y";
}
