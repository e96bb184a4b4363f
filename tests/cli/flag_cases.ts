import { type Case, file, FROM } from "./dockerfiles.ts";

const SHM = { Dockerfile: file(FROM, "RUN df -k /dev/shm > /shm") };
const TRUE = { Dockerfile: file(FROM, "RUN true") };

/** Commands that differ in how the values of their flags are written. */
export const FLAG_CASES: readonly Case[] = [
  ...["type=tar, dest=../out.tar", " type=tar,dest=../out.tar"].map(
    (output): Case => ({
      name: `an output with blanks before its fields: ${output}`,
      files: { Dockerfile: file("FROM scratch", "COPY a /"), a: "a" },
      args: ["-o", output],
      output: "out.tar",
      recent: true,
    }),
  ),
  ...["type =tar", "type= tar"].map((output): Case => ({
    name: `an output with blanks that count: ${output}`,
    files: TRUE,
    args: ["-o", `${output},dest=../out.tar`],
    output: "out.tar",
    recent: true,
  })),
  {
    name: "a limit that is given twice",
    files: { Dockerfile: file(FROM, "RUN ulimit -n > /n; ulimit -Hn >> /n") },
    args: ["--ulimit", "nofile=100", "--ulimit", "nofile=+200:300"],
    recent: true,
  },
  ...["id=t,env=DAVIT_TEST_UNSET", "id=t,type=env,src=DAVIT_TEST_UNSET"].map(
    (secret): Case => ({
      name: `a secret of a variable that is not set: ${secret}`,
      files: {
        Dockerfile: file(
          FROM,
          "RUN --mount=type=secret,id=t,required=true wc -c < /run/secrets/t > /n",
        ),
      },
      args: ["--secret", secret],
      recent: true,
    }),
  ),
  ...[
    '"a:10.0.0.1","b=10.0.0.2"',
    "a:10.0.0.1, b:10.0.0.2",
    'a:10.0.0.1,"b:10.0.0.2"',
    'a:10.0.0.1"',
  ].map((hosts): Case => ({
    name: `hosts: ${hosts}`,
    files: {
      Dockerfile: file(FROM, "RUN tr -d ' ' < /etc/hosts | sort > /hosts"),
    },
    args: ["--add-host", hosts],
    recent: true,
  })),
  ...[
    "1e6",
    ".5m",
    "1_000k",
    "0x1p20",
    "0X1.8p10kb",
    "1024 KiB",
    "0",
    "0xfm",
    "1__0m",
  ].map((size): Case => ({
    name: `the size of /dev/shm: ${JSON.stringify(size)}`,
    files: SHM,
    args: ["--shm-size", size],
    recent: true,
  })),
  ...[
    ["--nope"],
    ["--no-cache=maybe"],
    ["--ulimit", "nofile=2:1"],
    ["--shm-size="],
    ["--tag="],
    ["--add-host=a"],
    ["more"],
    ["--target"],
  ].map((args): Case => ({
    name: `what can't be read: ${args.join(" ")}`,
    files: TRUE,
    args,
    recent: true,
  })),
];
