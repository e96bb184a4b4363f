/** A build as people write it for docker. */
export interface Case {
  readonly name: string;
  /** Files of the context, `Dockerfile` among them; a path in `..` lies beside it. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** The words behind `build`; the tag and the network are added. */
  readonly args?: readonly string[];
  /** What stands at the end; `.` unless given. */
  readonly path?: string;
  readonly stdin?: string | Uint8Array;
  /** File or folder, beside the context, that it writes. */
  readonly output?: string;
  /** Whether the client of an old engine does something else. */
  readonly recent?: boolean;
  /** Whether standard output is the result. */
  readonly pipes?: boolean;
}

/** An image with a shell, on every engine of the tests. */
export const FROM = "FROM davit-test/base";

/** A file of lines. */
export function file(...lines: string[]): string {
  return lines.join("\n") + "\n";
}

/** Commands, and files that they are run with. */
export const CASES: readonly Case[] = [
  {
    name: "files of a folder",
    files: { Dockerfile: file(FROM, "COPY . /app", 'CMD ["sh"]'), "a/b": "b" },
  },
  {
    name: "stages, and what the last takes of them",
    files: {
      Dockerfile: file(
        `${FROM} AS build`,
        "COPY main.c /src/",
        "RUN tr a-z A-Z < /src/main.c > /out",
        "FROM scratch",
        "COPY --from=build /out /out",
        "COPY --from=0 /etc/passwd /etc/passwd",
      ),
      "main.c": "main",
    },
  },
  {
    name: "ARG before and behind FROM",
    files: {
      Dockerfile: file(
        "ARG BASE=nothing",
        "ARG VERSION=1",
        "FROM ${BASE}",
        "ARG VERSION",
        "ARG REST=rest",
        "RUN echo $VERSION $REST $FROM_ENV > /v",
        "ENV V=$VERSION",
      ),
    },
    args: [
      ...["--build-arg", "BASE=davit-test/base"],
      ...["--build-arg", "VERSION=2=3"],
      ...["--build-arg", "DAVIT_TEST_NOT_SET"],
    ],
  },
  {
    name: "a build argument of the environment",
    files: {
      Dockerfile: file(
        FROM,
        "ARG DAVIT_TEST_ARG",
        "RUN echo $DAVIT_TEST_ARG > /v",
      ),
    },
    args: ["--build-arg", "DAVIT_TEST_ARG"],
  },
  {
    name: "ONBUILD",
    files: {
      Dockerfile: file(
        `${FROM} AS parent`,
        "ONBUILD RUN echo on > /onbuild",
        "ONBUILD COPY a /a",
        "FROM parent",
        "RUN test -e /a",
      ),
      a: "a",
    },
  },
  {
    name: "heredocs",
    files: {
      Dockerfile: file(
        FROM,
        "RUN <<EOF",
        "echo one > /one",
        "echo two > /two",
        "EOF",
        "COPY <<-'EOF' /three",
        "\tthree $NOT",
        "EOF",
      ),
    },
  },
  {
    name: "COPY --chmod and --chown",
    files: {
      Dockerfile: file(
        FROM,
        "COPY --chmod=0750 a /a",
        "COPY --chown=12:34 a /b",
      ),
      a: "a",
    },
  },
  {
    name: "a cache mount, a bind mount and a tmpfs",
    files: {
      Dockerfile: file(
        FROM,
        "RUN --mount=type=cache,target=/cache echo c >> /cache/c && test -s /cache/c",
        "RUN --mount=type=bind,target=/src cp /src/a /a",
        "RUN --mount=type=tmpfs,target=/t touch /t/x",
      ),
      a: "a",
    },
  },
  {
    name: "ADD of a local tar",
    files: { Dockerfile: file(FROM, "ADD a.tar /a/", "ADD b /b"), b: "b" },
  },
  {
    name: "exceptions in .dockerignore",
    files: {
      Dockerfile: file("FROM scratch", "COPY . /"),
      ".dockerignore": "# all\n*\n!src\nsrc/**/*.log\n!src/keep.log\n",
      "src/a.ts": "a",
      "src/b.log": "b",
      "src/deep/c.log": "c",
      "src/keep.log": "k",
      "other": "o",
    },
  },
  {
    name: "an ignore file of the Dockerfile's own",
    files: {
      "docker/prod.Dockerfile": file("FROM scratch", "COPY . /"),
      "docker/prod.Dockerfile.dockerignore": "b\n",
      ".dockerignore": "a\n",
      a: "a",
      b: "b",
    },
    args: ["-f", "docker/prod.Dockerfile"],
  },
  {
    name: "a stage by its name",
    files: {
      Dockerfile: file(
        `${FROM} AS one`,
        "RUN echo 1 > /1",
        "FROM one AS two",
        "RUN echo 2 > /2",
        "FROM two AS three",
        "RUN exit 1",
      ),
    },
    args: ["--target=two"],
  },
  {
    name: "all that an image's configuration has",
    files: {
      Dockerfile: file(
        FROM,
        'LABEL a="1" b="2 3"',
        "ENV A=1 B='2 3'",
        "WORKDIR /w",
        "EXPOSE 80 53/udp",
        "VOLUME /v",
        "USER 12:34",
        "STOPSIGNAL SIGUSR1",
        "HEALTHCHECK --interval=5s CMD true",
        'SHELL ["/bin/sh", "-ec"]',
        'ENTRYPOINT ["sh", "-c"]',
        "CMD echo hi",
      ),
    },
    args: ["--label", "c=4", "--label=empty", "--platform", "linux/amd64"],
  },
  {
    name: "secrets of a file and of a variable",
    files: {
      Dockerfile: file(
        FROM,
        "RUN --mount=type=secret,id=file --mount=type=secret,id=DAVIT_TEST_ARG sha256sum /run/secrets/* > /sums",
      ),
      "../secret.txt": "secret of a file\n",
    },
    args: [
      "--secret",
      "id=file,src=../secret.txt",
      "--secret",
      "type=env,id=DAVIT_TEST_ARG",
    ],
  },
  {
    name: "a secret that is required and not given",
    files: {
      Dockerfile: file(
        FROM,
        "RUN --mount=type=secret,id=token,required=true true",
      ),
    },
  },
  {
    name: "a step that fails",
    files: { Dockerfile: file(FROM, "RUN echo boom && exit 3") },
  },
  {
    name: "a word that is no instruction",
    files: { Dockerfile: file(FROM, "RUNN true") },
  },
  {
    name: "a source that is not there",
    files: { Dockerfile: file(FROM, "COPY none /") },
  },
  {
    name: "a stage that is not there",
    files: { Dockerfile: file(FROM) },
    args: ["--target", "none"],
  },
  {
    name: "a Dockerfile of standard input, with a folder",
    files: { a: "a" },
    args: ["-f", "-"],
    stdin: file("FROM scratch", "COPY a /a"),
  },
  {
    name: "a Dockerfile of standard input alone",
    files: { a: "a" },
    path: "-",
    stdin: file(FROM, "RUN echo in > /in"),
  },
  {
    name: "a folder as the output",
    files: {
      Dockerfile: file("FROM scratch", "COPY . /"),
      "d/a": "a",
    },
    args: ["-o", "../out"],
    output: "out",
  },
  {
    name: "a tar as the output",
    files: { Dockerfile: file("FROM scratch", "COPY . /"), "d/a": "a" },
    args: ["--output", "type=tar,dest=../out.tar"],
    output: "out.tar",
  },
  {
    name: "a tar to standard output",
    files: { Dockerfile: file("FROM scratch", "COPY . /"), "d/a": "a" },
    args: ["-o", "-"],
    pipes: true,
  },
  {
    name: "hosts and a file with the id",
    files: { Dockerfile: file(FROM, "RUN cp /etc/hosts /hosts") },
    args: ["--add-host", "some.host:10.1.2.3", "--iidfile", "../id"],
  },
];
