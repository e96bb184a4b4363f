import { connectEngine, type EngineApi } from "../../engines/engine_api.ts";

/**
 * Runs a container without a network to its end, and removes it.
 *
 * @param command In place of the image's own.
 * @returns What it printed.
 * @throws {Error} If it ended with another code than 0.
 */
export async function runContainer(
  socketPath: string,
  image: string,
  command?: readonly string[],
): Promise<string> {
  using engine = connectEngine(socketPath);
  const { Id } = await ask(engine, "/containers/create", {
    Image: image,
    ...(command === undefined ? {} : { Cmd: command }),
    Tty: true, // its output comes as it is, not in frames
    HostConfig: { NetworkMode: "none" },
  });
  try {
    await ask(engine, `/containers/${Id}/start`, {});
    const { StatusCode } = await ask(engine, `/containers/${Id}/wait`, {});
    const log = await engine.request(
      `/containers/${Id}/logs?stdout=1&stderr=1`,
    );
    const printed = (await log.text()).replaceAll("\r\n", "\n");
    if (StatusCode === 0) return printed;
    throw new Error(`"${image}" ended with ${StatusCode}: ${printed}`);
  } finally {
    const path = `/containers/${Id}?force=1`;
    await (await engine.request(path, { method: "DELETE" })).body?.cancel();
  }
}

async function ask(
  engine: EngineApi,
  path: string,
  body: object,
): Promise<{ Id?: string; StatusCode?: number }> {
  const response = await engine.request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path}: ${text}`);
  return text === "" ? {} : JSON.parse(text);
}
