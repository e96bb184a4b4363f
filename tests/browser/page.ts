import { fromBase64 } from "../../lib/progress/bytes.ts";
import type { Browser } from "./chromium.ts";
import { until } from "../support/until.ts";

/** How a page is looked at. */
export interface Look {
  readonly width: number;
  readonly height?: number;
  /** @default {"light"} */
  readonly scheme?: "light" | "dark";
  /** Whether scripts run. @default {true} */
  readonly scripts?: boolean;
}

/** A page in a browser, in a context of its own. */
export class Page implements AsyncDisposable {
  /** Addresses that the page asked for, its own among them. */
  readonly requests: string[] = [];
  /** What the browser said of it: exceptions of scripts, what its policy has forbidden. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #target: string;
  readonly #session: string;

  private constructor(browser: Browser, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Opens a file. */
  static async open(
    browser: Browser,
    path: string,
    { scripts = true, ...look }: Look,
  ): Promise<Page> {
    const { tools } = browser;
    const { targetId } = await tools.send<{ targetId: string }>(
      "Target.createTarget",
      { url: "about:blank" },
    );
    const { sessionId } = await tools.send<{ sessionId: string }>(
      "Target.attachToTarget",
      { targetId, flatten: true },
    );
    const page = new Page(browser, targetId, sessionId);
    let loaded = false;
    tools.listen(({ method, params, sessionId: of }) => {
      if (of !== sessionId) return;
      if (method === "Page.loadEventFired") loaded = true;
      if (method === "Network.requestWillBeSent") {
        page.requests.push((params.request as { url: string }).url);
      }
      if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") {
        page.complaints.push(JSON.stringify(params));
      }
    });
    for (const domain of ["Page", "Network", "Runtime", "Log"]) {
      await page.send(`${domain}.enable`);
    }
    await page.look(look);
    await page.send("Emulation.setScriptExecutionDisabled", {
      value: !scripts,
    });
    await page.send("Page.navigate", { url: `file://${path}` });
    await until(() => loaded, `${path} has not loaded`, 60_000);
    return page;
  }

  /** Looks at it in a window of another size, or in other colours. */
  async look(
    { width, height = 900, scheme = "light" }: Omit<Look, "scripts">,
  ): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
  }

  /** Runs a command of DevTools on this page. */
  async send<T = Record<string, unknown>>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<T> {
    return await this.#browser.tools.send<T>(method, params, this.#session);
  }

  /**
   * The value of an expression, as JSON can have it. It works where the page's
   * own scripts do not run, too.
   *
   * @throws {Error} If the expression throws.
   */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send<{
      result: { value: T };
      exceptionDetails?: unknown;
    }>("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails !== undefined) {
      throw new Error(JSON.stringify(exceptionDetails));
    }
    return result.value;
  }

  /** Presses keys, one after the other, by the names of `KeyboardEvent.key`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const code = CODES[key] ?? key.toUpperCase().charCodeAt(0);
      const common = { key, windowsVirtualKeyCode: code };
      const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
      await this.send("Input.dispatchKeyEvent", {
        ...common,
        type: text === undefined ? "rawKeyDown" : "keyDown",
        ...(text === undefined ? {} : { text }),
      });
      await this.send("Input.dispatchKeyEvent", { ...common, type: "keyUp" });
    }
  }

  /** A picture of the window, or of the whole page, as PNG. */
  async picture(
    { whole = false }: { readonly whole?: boolean } = {},
  ): Promise<Uint8Array> {
    const { data } = await this.send<{ data: string }>(
      "Page.captureScreenshot",
      { format: "png", captureBeyondViewport: whole },
    );
    return fromBase64(data)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.tools.send("Target.closeTarget", {
      targetId: this.#target,
    });
  }
}

/** Codes of keys that write nothing. */
const CODES: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};
