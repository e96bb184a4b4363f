import { runCommand, tryCommand } from "../engines/command.ts";
import { delay } from "../engines/process.ts";
import { unpacked } from "../engines/unpack.ts";

/** How to run tmux. */
export interface TmuxProgram {
  /** Its path. */
  readonly path: string;
  /** Environment that it needs. */
  readonly env: Record<string, string>;
}

const RECIPE = {
  suite: "bookworm",
  packages: ["tmux", "libevent-core-2.1-7", "libutempter0"],
  programs: ["usr/bin/tmux"],
};

/**
 * Finds tmux on the PATH, or fetches it from Debian, once, and unpacks it
 * beside the engines. Nothing is installed.
 *
 * @throws {Error} If this machine cannot have it, saying why.
 */
export async function tmuxProgram(): Promise<TmuxProgram> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const path = `${folder}/tmux`;
    if (await Deno.stat(path).then((info) => info.isFile, () => false)) {
      return { path, env: {} };
    }
  }
  const { folder } = await unpacked("tmux", RECIPE);
  return {
    path: `${folder}/usr/bin/tmux`,
    env: { LD_LIBRARY_PATH: `${folder}/lib` },
  };
}

/** A program in a terminal of its own, that nobody sees but the test. */
export class TmuxScreen implements AsyncDisposable {
  readonly #program: TmuxProgram;
  readonly #socket = `davit-${crypto.randomUUID()}`;

  private constructor(program: TmuxProgram) {
    this.#program = program;
  }

  /** Runs a shell command in a new terminal. */
  static async start(
    command: string,
    size: { readonly columns: number; readonly rows: number },
  ): Promise<TmuxScreen> {
    const screen = new TmuxScreen(await tmuxProgram());
    await screen.#tmux(
      ...["new-session", "-d"],
      ...["-x", `${size.columns}`, "-y", `${size.rows}`],
      // The terminal stays when the command has ended, by Ctrl-C, too.
      `trap : INT; ${command}; printf 'EXIT=%s\\n' $?; read _`,
    );
    return screen;
  }

  /** The lines that are seen. */
  async lines(): Promise<string[]> {
    return (await this.#tmux("capture-pane", "-p")).replace(/\n+$/, "")
      .split("\n");
  }

  /** The lines that are seen, with those that have left the screen at its top. */
  async history(): Promise<string[]> {
    return (await this.#tmux("capture-pane", "-p", "-S", "-")).replace(
      /\n+$/,
      "",
    ).split("\n");
  }

  /** Whether the cursor is seen. */
  async hasCursor(): Promise<boolean> {
    return (await this.#tmux("display-message", "-p", "#{cursor_flag}"))
      .trim() === "1";
  }

  /** Presses a key, as `C-c`. */
  async press(key: string): Promise<void> {
    await this.#tmux("send-keys", key);
  }

  /**
   * Gives the terminal another size. What has left the screen before is
   * forgotten: a terminal that grows would bring it back.
   */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("clear-history");
    await this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** Waits until the screen is as it should be, and gives its lines. */
  async waitFor(
    isSo: (lines: readonly string[]) => boolean,
    what: string,
  ): Promise<string[]> {
    const end = Date.now() + 20_000;
    while (true) {
      const lines = await this.lines();
      if (isSo(lines)) return lines;
      if (Date.now() > end) {
        throw new Error(
          `The screen never showed ${what}:\n${lines.join("\n")}`,
        );
      }
      await delay(40);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tryCommand(this.#program.path, [
      "-L",
      this.#socket,
      "kill-server",
    ], { env: this.#program.env });
  }

  #tmux(...args: string[]): Promise<string> {
    return runCommand(
      this.#program.path,
      ["-u", "-L", this.#socket, "-f", "/dev/null", ...args],
      { env: { ...this.#program.env, LC_ALL: "C.UTF-8", SHELL: "/bin/sh" } },
    );
  }
}
