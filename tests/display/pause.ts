/**
 * A moment at which programs wait until a test has seen what it wants to see:
 * so no test depends on how fast a program or a terminal is.
 */
export class Pause implements Disposable {
  /** What a program is given, to wait here. */
  readonly path: string = `${Deno.makeTempDirSync()}/pause`;
  readonly #listener = Deno.listen({ transport: "unix", path: this.path });
  readonly #waiting: Deno.Conn[] = [];

  /** Waits until so many programs more, or builds of one, are there. */
  async reached(count = 1): Promise<void> {
    for (; count > 0; count--) {
      this.#waiting.push(await this.#listener.accept());
    }
  }

  /** Lets those go on that are there. */
  goOn(): void {
    for (const conn of this.#waiting.splice(0)) conn.close();
  }

  [Symbol.dispose](): void {
    this.goOn();
    this.#listener.close();
    Deno.removeSync(this.path.replace(/\/pause$/, ""), { recursive: true });
  }
}

/** Waits at the pause of this path until the test lets it go on. */
export async function waitAt(path: string): Promise<void> {
  using conn = await Deno.connect({ transport: "unix", path });
  await conn.read(new Uint8Array(1));
}
