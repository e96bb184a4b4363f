/** The base image of the steps that run. */
export const FAILING_FROM = "FROM davit-test/base";

const FROM = FAILING_FROM;

/** A Dockerfile that fails, and the first line of what is wrong; none where nobody can tell. */
export type FailingDockerfile = readonly [
  line: number | undefined,
  ...dockerfile: string[],
];

/** What BuildKit 28 says without a line, and davit finds by its words. */
export const FAILING: readonly FailingDockerfile[] = [
  [2, FROM, "ENV a"],
  [4, "FROM scratch AS a", "ENV b c", FROM, "env a", "LABEL b", "ENV d"],
  [2, FROM, "ONBUILD ENV a", "ENV b"],
  [5, FROM, "RUN <<EOF", "ENV a", "EOF", "LABEL a"],
  [
    3,
    FROM,
    "RUN true",
    "RUN --mount=type=nope true",
    "RUN --mount=type=nope x",
  ],
  [
    2,
    FROM,
    "RUN --mount=type=cache,target=/c \\",
    '  --mount="type=nope" \\',
    "  true",
  ],
  [2, FROM, "RUN --mount=type=cache true"],
  [2, FROM, "RUN --mount=type=bind,foo=bar true"],
  [2, FROM, "RUN --mount=type=secret,id=x,required=maybe true"],
  [2, FROM, "RUN --mount=type=secret,id=x,mode=x true"],
  [2, FROM, "RUN --mount=type=cache,target=/x,sharing=nope true"],
  [2, "ARG X", "FROM $X"],
  [1, 'FROM ""', FROM],
  [1, "FROM A:B:C"],
  [1, "FROM --platform=x/y/z/w scratch"],
  [3, FROM, "ARG M=64a", "COPY --chmod=$M Dockerfile /"],
  [2, FROM, "COPY --chmod=64a Dockerfile /", "ADD --chmod=64a Dockerfile /"],
  [2, FROM, "COPY --from=nostage:5 /a /b"],
  [2, FROM, "COPY --from=nostage /a /b", "COPY --from=nostage /c /d"],
  [2, FROM, "ADD --checksum=x http://a/ /"],
  [2, FROM, "EXPOSE nope"],
  [2, FROM, "STOPSIGNAL nope"],
  [2, FROM, "COPY <<A <<B /x/", "a", "A", "b"],
  [4, FROM, 'ENV a="b c d"', "ENV c d", "ENV a=b c"],
  [2, FROM, "LABEL a=b \\", " c"],
  [3, FROM, "FROM scratch AS x", "COPY --from=y a b", "FROM x AS y"],
  [2, FROM, "ADD --checksum=sha256:aa http://a/ /"],
  [1, "# nothing"],
  [4, "# a", "", "# b", "  # c"],
  [3, "# a", "", ""],
  [1, "ENV a=b", FROM],
  [2, FROM, "RUN --mount=type=secret true"],
  [2, FROM, "COPY --from=0 /a /b"],
  [
    5,
    "FROM scratch AS x",
    "COPY Dockerfile /",
    "FROM scratch AS y",
    "COPY --from=Y /a /b",
    "COPY --from=1 /a /b",
  ],
  [2, FROM, "EXPOSE 80/xyz"],
  [3, FROM, 'CMD ["1"]', "ENTRYPOINT [1]", "SHELL [1]"],
  [2, FROM, "HEALTHCHECK CMD [true]"],
  [1, "# syntax=127.0.0.1:1/a/b:1", FROM],
  [2, FROM, "WORKDIR ${a:?missing}", "RUN echo ${a:?missing}"],
  // The words of a step are not the engine's.
  [2, FROM, "RUN echo 'dockerfile parse error on line 1: x' && false"],
  [3, FROM, "EXPOSE 1", "RUN echo 'invalid containerPort: 1' && false"],
  // The numbers of ten steps stand in columns: `[ 2/10] RUN false`.
  [2, FROM, "RUN false", ...Array.from({ length: 8 }, () => "RUN true")],
];

/** What an engine before BuildKit 0.13 takes, dies of, or says in other words. */
export const RECENT: RegExp =
  /<<|chmod|checksum|EXPOSE nope|STOPSIGNAL|from=nostage|from=y|syntax|ONBUILD/;

/** Two lines that fail for the same reason: an engine names one of them by chance. */
export const TWICE: RegExp = /(COPY --from=nostage) .*\n\1 /;
