import { CACHE } from "../engines/kept_folder.ts";
import { unpacked } from "../engines/unpack.ts";
import { until } from "../support/until.ts";
import { type DevTools, openDevTools } from "./devtools.ts";

const FONTS = "usr/share/fonts/truetype/dejavu";
const PROGRAM = "usr/lib/chromium/chromium-headless-shell";

/** Debian's chromium without windows, the libraries that a bare Debian lacks, and two fonts. */
const RECIPE = {
  suite: "bookworm",
  packages: [
    "chromium-headless-shell",
    "chromium-common",
    "fonts-dejavu-core",
    ...["libasound2", "libasyncns0", "libatk1.0-0", "libatspi2.0-0"],
    ...["libbrotli1", "libbsd0", "libdav1d6", "libdbus-1-3"],
    ...["libdouble-conversion3", "libdrm2", "libexpat1", "libffi8"],
    ...["libflac12", "libfontconfig1", "libfreetype6", "libgbm1"],
    ...["libglib2.0-0", "libgraphite2-3", "libharfbuzz-subset0"],
    ...["libharfbuzz0b", "libjpeg62-turbo", "libminizip1", "libmp3lame0"],
    ...["libmpg123-0", "libnspr4", "libnss3", "libogg0", "libopenh264-7"],
    ...["libopus0", "libpng16-16", "libpulse0", "libsndfile1"],
    ...["libsqlite3-0", "libvorbis0a", "libvorbisenc2"],
    ...["libwayland-server0", "libx11-6", "libx11-xcb1", "libxau6", "libxcb1"],
    ...["libxcomposite1", "libxdamage1", "libxdmcp6", "libxext6"],
    ...["libxfixes3", "libxi6", "libxkbcommon0", "libxnvctrl0"],
    ...["libxrandr2", "libxrender1"],
  ],
  programs: [
    PROGRAM,
    "usr/lib/chromium/icudtl.dat",
    "usr/lib/chromium/v8_context_snapshot.bin",
    "usr/lib/chromium/headless_lib_data.pak",
    "usr/lib/chromium/headless_lib_strings.pak",
    "usr/lib/chromium/headless_command_resources.pak",
    `${FONTS}/DejaVuSans.ttf`,
    `${FONTS}/DejaVuSans-Bold.ttf`,
    `${FONTS}/DejaVuSansMono.ttf`,
    `${FONTS}/DejaVuSansMono-Bold.ttf`,
  ],
};

/** The fonts that pages are drawn with: the same ones on each machine. */
function fontsConfig(fonts: string, cache: string): string {
  const family = (generic: string, name: string) =>
    `<alias binding="same"><family>${generic}</family><prefer><family>${name}</family></prefer></alias>`;
  return `<?xml version="1.0"?><fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir>
${family("monospace", "DejaVu Sans Mono")}${
    family("sans-serif", "DejaVu Sans")
  }${family("system-ui", "DejaVu Sans")}</fontconfig>`;
}

/** Ends a process, which may have ended by itself. */
async function stop(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // Only this is thrown for one that has ended.
    if (!(error instanceof TypeError)) throw error;
  }
  await process.status;
}

/** A browser that runs for a test; it ends with its scope. */
export interface Browser extends AsyncDisposable {
  /** Its DevTools. */
  readonly tools: DevTools;
}

/**
 * Starts Debian's chromium, fetched once and unpacked beside the engines.
 * Nothing is installed, and it can resolve no name of a host.
 *
 * @throws {Error} If this machine cannot have it, saying why.
 */
export async function startBrowser(): Promise<Browser> {
  const { folder } = await unpacked("chromium", RECIPE);
  const home = await Deno.makeTempDir({ prefix: "davit-browser-" });
  const config = `${home}/fonts.conf`;
  await Deno.writeTextFile(
    config,
    fontsConfig(`${folder}/${FONTS}`, `${CACHE}/chromium-fonts`),
  );
  const process = new Deno.Command(`${folder}/${PROGRAM}`, {
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--hide-scrollbars",
      "--host-resolver-rules=MAP * ~NOTFOUND",
      "--remote-debugging-port=0",
      `--user-data-dir=${home}/profile`,
      "about:blank",
    ],
    env: {
      HOME: home,
      LD_LIBRARY_PATH: `${folder}/lib`,
      FONTCONFIG_FILE: config,
      LANG: "C.UTF-8",
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const end = async () => {
    await stop(process);
    await Deno.remove(home, { recursive: true });
  };
  try {
    const port = `${home}/profile/DevToolsActivePort`;
    const [number, path] = await until(
      async () => {
        const lines = (await Deno.readTextFile(port).catch(() => ""))
          .split("\n");
        return lines.length > 1 && lines[1] !== "" ? lines : undefined;
      },
      "the browser has no port",
      60_000,
    );
    const tools = await openDevTools(`ws://127.0.0.1:${number}${path}`);
    return {
      tools,
      [Symbol.asyncDispose]: async () => {
        await tools[Symbol.asyncDispose]();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
