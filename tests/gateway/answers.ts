import { decodeBase64 } from "../support/base64.ts";

/** What a build was answered, with what is inside BuildKit's log. */
export function decodedAnswer(answer: string): string {
  return answer.split("\n").flatMap((line) => {
    try {
      const { id, aux } = JSON.parse(line);
      return id === "moby.buildkit.trace"
        ? [line, new TextDecoder().decode(decodeBase64(aux))]
        : [line];
    } catch {
      return [line];
    }
  }).join("\n");
}
