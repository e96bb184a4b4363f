import { engineHost, engineTakes } from "../../lib/imagebuild/host.ts";
import { CredentialStore } from "../../lib/credentials/store.ts";
import { Engine, type EngineFacts } from "../../lib/engine/engine.ts";
import type { JsonMessage } from "../../lib/engine/message.ts";
import type { EngineBuild } from "../../lib/imagebuild/build_way.ts";
import { openContexts } from "../../lib/imagebuild/context/named_contexts.ts";
import { namedSources } from "../../lib/imagebuild/context/named_source.ts";
import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import type { Source } from "../../lib/imagebuild/context/source.ts";
import type { Fact } from "../../lib/imagebuild/fact.ts";
import type { ImageBuildOptions } from "../../lib/imagebuild/options.ts";
import { exportSet } from "../../lib/imagebuild/export.ts";
import { BuildRecord } from "../../lib/imagebuild/record.ts";
import { checkRequest } from "./request.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import {
  type Asked,
  type Script,
  ScriptedEngine,
} from "../engine/scripted_engine.ts";
import { dockerfileTar } from "../support/tar.ts";

/** The id of the image that a scripted engine says it made. */
export const IMAGE_ID: string = `sha256:${"a".repeat(64)}`;

/** An answer of these lines. */
export function lines(
  messages: readonly unknown[],
  headers: Record<string, string> = {},
): Response {
  const text = messages.map((message) => `${JSON.stringify(message)}\r\n`);
  return new Response(text.join(""), { headers });
}

/** The message that tells the image's id. */
export const DONE: JsonMessage = { id: "moby.image.id", aux: { ID: IMAGE_ID } };

/** What a build is made ready with, besides its options. */
export interface Readying {
  /** What the engine is, besides one that speaks API 1.51. */
  readonly facts?: Partial<EngineFacts>;
  /** Answers `POST /build`; unless given, an image is built. */
  readonly script?: Script;
  /** Whether the transport can carry a session. */
  readonly canServe?: boolean;
  readonly endpoint?: string;
  readonly source?: Source;
  readonly stop?: AbortSignal;
}

/** A build that is ready to begin, and what is seen of it. */
export interface Ready {
  readonly build: EngineBuild;
  /** What the engine was asked. */
  readonly asked: readonly Asked[];
  /** The parameters of the last request. */
  query(): Record<string, string>;
  /** The codes and sentences of the warnings. */
  warnings(): string[][];
  readonly told: readonly Fact[];
}

/** A build with these options, of a tar unless told, before an engine within the test. */
export async function readyBuild(
  options: ImageBuildOptions = {},
  readying: Readying = {},
): Promise<Ready> {
  const transport: ScriptedEngine & {
    upgrade?: () => Promise<ByteDuplex>;
  } = new ScriptedEngine(readying.script ?? (() => lines([DONE])));
  transport.endpoint = readying.endpoint ?? transport.endpoint;
  if (readying.canServe ?? true) {
    transport.upgrade = () => Promise.reject(new Error("not in this test"));
  }
  const source = readying.source ??
    { kind: "tar", stream: dockerfileTar("FROM scratch") };
  const request = checkRequest(
    options,
    source,
    undefined,
    namedSources(options.contexts),
  );
  const told: Fact[] = [];
  const record = new BuildRecord((fact) => void told.push(fact), []);
  const stop = readying.stop ?? new AbortController().signal;
  const engine = new Engine(transport);
  const facts: EngineFacts = {
    apiVersion: "1.51",
    negotiated: "1.51",
    osType: "linux",
    builderVersion: undefined,
    experimental: false,
    libpodApiVersion: undefined,
    gateway: false,
    ...readying.facts,
  };
  return {
    build: {
      host: engineHost(engine),
      takes: engineTakes(facts),
      engine,
      facts,
      request,
      context: await openOffer(request.context),
      contexts: await openContexts(request.contexts),
      inputs: {
        secrets: await SecretStore.open(request.secrets, stop),
        logins: new CredentialStore({ credentials: options.credentials }),
        tokenServer: () => Promise.resolve(undefined),
        agents: undefined,
        caches: {
          imports: [],
          exports: [],
          local: [],
          unopened: [],
          secrets: [],
          warnings: [],
        },
        stores: new Map(),
      },
      exports: exportSet(request),
      record,
      stop,
      onDockerfile: () => {},
    },
    asked: transport.asked,
    query: () =>
      Object.fromEntries(
        new URL(transport.asked.at(-1)!.path, "http://a").searchParams,
      ),
    warnings: () =>
      record.state.warnings.map(({ code, short }) => [`${code}`, short]),
    told,
  };
}
