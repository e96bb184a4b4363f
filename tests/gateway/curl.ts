import { unpacked } from "../engines/unpack.ts";

/** With the libraries that a small Debian does not have. */
const CURL = {
  suite: "bookworm",
  packages: [
    "curl",
    "libcurl4",
    "libbrotli1",
    "libcom-err2",
    "libgssapi-krb5-2",
    "libidn2-0",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "libldap-2.5-0",
    "libnghttp2-14",
    "libpsl5",
    "librtmp1",
    "libsasl2-2",
    "libssh2-1",
    "libssl3",
    "libunistring2",
  ],
  programs: ["usr/bin/curl"],
};

/** Debian's curl, also where none is installed, and what it needs in its environment. */
export async function findCurl(): Promise<
  { path: string; env: { LD_LIBRARY_PATH: string } }
> {
  const { folder } = await unpacked("curl", CURL);
  return {
    path: `${folder}/usr/bin/curl`,
    env: { LD_LIBRARY_PATH: `${folder}/lib` },
  };
}
