/** Types of `@std/path/posix`, whose npm form carries none. */

/** The last part of a path. */
export function basename(path: string, suffix?: string): string;
/** All but the last part of a path. */
export function dirname(path: string): string;
/** One path of several parts, without `.` and `..` that can be left out. */
export function join(path: string, ...paths: string[]): string;
/** An absolute path, from the working directory on. */
export function resolve(...pathSegments: string[]): string;
/** The path that leads from one folder to a file or folder. */
export function relative(from: string, to: string): string;
