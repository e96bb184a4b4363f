import {
  asksForRules,
  type Local,
  type LocalFile,
  type LocalRequest,
  RULES_FILE,
} from "./local.ts";
import { MemoryLocal } from "./memory_local.ts";

/** A folder with other ignore rules than those of its own `.dockerignore`. */
export class RuledLocal implements Local {
  readonly #folder: Local;
  readonly #rules: Local;

  private constructor(folder: Local, rules: Local) {
    this.#folder = folder;
    this.#rules = rules;
  }

  /**
   * @param folder The folder.
   * @param patterns The patterns that are used instead.
   */
  static async of(
    folder: Local,
    patterns: readonly string[],
  ): Promise<RuledLocal> {
    // With no pattern an engine could ask for the folder itself in the way in
    // which it asks for the rules; this one matches nothing.
    const lines = ["/", ...patterns, ""];
    const bytes = new TextEncoder().encode(lines.join("\n"));
    return new RuledLocal(
      folder,
      await MemoryLocal.of(new Map([[RULES_FILE, bytes]])),
    );
  }

  answering(request: LocalRequest): Local {
    return asksForRules(request) ? this.#rules : this.#folder;
  }

  entries(request: LocalRequest): ReturnType<Local["entries"]> {
    return this.#folder.entries(request);
  }

  content(path: string): LocalFile | Uint8Array<ArrayBuffer> {
    return this.#folder.content(path);
  }
}
