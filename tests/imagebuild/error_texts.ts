import type { DockerClient, ImageBuildOptions } from "../../mod.ts";
import { dockerfileTar } from "../support/tar.ts";

/** A way for a build to fail. */
export interface ErrorCase {
  /** Its heading on the page of errors. */
  readonly title: string;
  /** The Dockerfile. */
  readonly dockerfile: readonly string[];
  /** Options of the build. */
  readonly options?: ImageBuildOptions;
}

/** The ways that the page of errors shows. */
export const ERROR_CASES: readonly ErrorCase[] = [
  {
    title: "A step fails",
    dockerfile: [
      "FROM davit-test/base",
      "RUN echo compiling … && \\",
      "    exit 2",
    ],
  },
  {
    title: "A file is not in the context",
    dockerfile: ["FROM davit-test/base", "COPY package.json /app/"],
  },
  {
    title: "The Dockerfile does not parse",
    dockerfile: ["FROM davit-test/base", "RUM make"],
  },
  {
    title: "There is no such stage",
    dockerfile: ["FROM davit-test/base AS build"],
    options: { target: "release" },
  },
  {
    title: "There is no such base image",
    dockerfile: ["FROM 127.0.0.1:1/team/base:1"],
  },
  {
    title: "A required secret was not given",
    dockerfile: [
      "FROM davit-test/base",
      "RUN --mount=type=secret,id=npm_token,required=true true",
    ],
  },
];

/** The text of the error, with what differs from run to run left out. */
export async function errorText(
  docker: DockerClient,
  { dockerfile, options }: ErrorCase,
): Promise<string> {
  const error = await docker.imageBuild(dockerfileTar(...dockerfile), {
    networkmode: "none",
    nocache: true,
    ...options,
  }).wait().catch((error) => error);
  return `${error}`
    .replaceAll(/[0-9a-z-]{25,36}::[0-9a-z]{25}/g, "…")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…");
}
