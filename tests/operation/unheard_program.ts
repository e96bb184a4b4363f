/**
 * Starts what fails, and hears of it, or not, as DAVIT_UNHEARD says: builds of
 * no folder, and transfers by no engine, unless DAVIT_HOST is one.
 */
// deno-lint-ignore-file no-console
import { toldPromise } from "../../lib/operation/told_promise.ts";
import { DockerClient } from "../../mod.ts";

const SECRET = "unheard-secret-value";
const { DAVIT_UNHEARD = "", DAVIT_HOST = "unix:///nowhere/docker.sock" } = Deno
  .env.toObject();
const docker = await DockerClient.fromDockerHost(DAVIT_HOST);
const build = (options = {}) =>
  docker.imageBuild("/no/such/folder", { tag: "app:1", ...options });
const failed = () => new Promise((resolve) => setTimeout(resolve, 50));

const CASES: Record<string, () => unknown> = {
  "build": () => build(),
  "awaited build": async () => await build(),
  "wait() without await": () => {
    build().wait();
  },
  "messages() without reading": () => {
    build().messages();
    build({ tag: "app:2" }).logs();
  },
  "push": () => docker.imagePush("app:1"),
  "pull": () => docker.imagePull("app:1"),
  "many": () => {
    for (let count = 0; count < 103; count++) build();
  },
  "one more": () => {
    for (let count = 0; count < 101; count++) build();
  },
  "an older Deno": () => {
    Object.defineProperty(Deno, "version", { value: { deno: "2.6.9" } });
    build();
  },
  "exit 0": async () => {
    build();
    await failed();
    Deno.exit(0);
  },
  "exit 7": async () => {
    build();
    await failed();
    Deno.exit(7);
  },
  "exitCode 5": () => {
    Deno.exitCode = 5;
    build();
  },
  "closed client": async () => {
    const docker = await DockerClient.fromDockerHost("unix:///nowhere.sock");
    docker.imageBuild(new ReadableStream(), {
      secrets: { t: () => new Promise(() => {}) },
      tag: "app:1",
    });
    await docker.close();
  },
  "secret in the words of an error": () =>
    docker.imageBuild(
      new ReadableStream({
        pull(controller) {
          controller.error(new Error(`cannot pack ${SECRET}`));
        },
      }, { highWaterMark: 0 }),
      { secrets: { t: SECRET } },
    ),
  "terminal sequences": () => docker.imagePush("app\x1b[2J"),
  "promise": () => {
    toldPromise(Promise.reject(new Error("it broke")), "The gateway broke");
  },
  // Heard of:
  "late promise": async () => {
    const { promise } = toldPromise(Promise.reject(new Error("broken")), "");
    await failed();
    await promise.catch(() => {});
  },
  "promise of what is stopped": () => {
    toldPromise(Promise.reject(new Error("it broke")), "").hear();
  },
  "wait": async () => await build().wait().catch(() => {}),
  "late wait": async () => {
    const late = build();
    await failed();
    await late.wait().catch((error) => console.log(error.name));
  },
  "late result": async () => {
    const late = build();
    await failed();
    await Promise.allSettled([late.result()]);
  },
  "late events": async () => {
    const late = build();
    await failed();
    await late.events().next().catch((error) => console.log(error.name));
  },
  "late logs": async () => {
    const late = build();
    await failed();
    await late.logs().getReader().read().catch(() => {});
  },
  "late push": async () => {
    const late = docker.imagePush("app:1");
    await failed();
    await late.wait().catch((error) => console.log(error.name));
  },
  "in beforeunload": () => {
    const late = build();
    globalThis.addEventListener("beforeunload", (event) => {
      event.preventDefault();
      late.wait().catch((error) => console.log(error.name));
    }, { once: true });
  },
  "cancel": async () => {
    const late = build();
    await failed();
    await late.cancel();
  },
  "dispose": async () => {
    await using _ = build();
    await failed();
  },
  "signal": () => build({ signal: AbortSignal.abort() }),
};

globalThis.addEventListener("unload", () => console.log("cleaned up"));
await CASES[DAVIT_UNHEARD]!();
globalThis.addEventListener("unload", () => console.log("cleaned up late"));
