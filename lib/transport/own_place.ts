// Whether a socket's place is one where only its user can have put it. An engine
// gets secrets, logins and files, so that a socket in a shared folder, which
// anybody may have made, must not pass for the user's own.

/**
 * Who may own a default socket and the folders above it: root, the user who runs
 * this, and the owner of the home folder, whose docker configuration names
 * engines as well. Users that Deno may not ask for are left out.
 */
export async function ownersOf(
  home: string | undefined,
): Promise<ReadonlySet<number | null>> {
  const owners = new Set<number | null>([0]);
  if (isGranted({ name: "sys", kind: "uid" })) owners.add(Deno.uid());
  if (home !== undefined && isGranted({ name: "read", path: home })) {
    try {
      owners.add((await Deno.stat(home)).uid);
    } catch {
      // Users of services often have a home that is not there, or one of root's.
    }
  }
  return owners;
}

function isGranted(asked: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(asked).state === "granted";
}

/**
 * Looks who, besides its owners, may put or replace a file, or a folder or link
 * on the way to it. Where a link leads, the whole way from the root is looked
 * at, as far as Deno may read it.
 *
 * A folder that a group may write is fine: who gave it to the group has said
 * whom to trust. So is one that everybody may write where nobody may replace
 * what another one made (the sticky bit, as `/tmp` has it), if what is in it
 * belongs to the owners.
 *
 * @param within The folder that the way begins at, which is a part of `path`.
 * @returns What is wrong, in words; undefined if nothing is.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.FilesystemLoop} If its links lead in a circle.
 */
export async function whoElseWrites(
  path: string,
  within: string,
  owners: ReadonlySet<number | null>,
): Promise<string | undefined> {
  // The folder itself is the first step, and the last one comes first.
  const steps = path.slice(within.length).split("/").reverse();
  let place = within;
  while (true) {
    if (isGranted({ name: "read", path: place })) {
      const own = await Deno.lstat(place);
      const led = own.isSymlink ? await Deno.stat(place) : own;
      for (const { uid } of [own, led]) {
        // Only root replaces the root, whoever it seems to belong to.
        if (place !== "/" && !owners.has(uid)) {
          return `"${place}" belongs to another user (uid ${uid})`;
        }
      }
      const mode = led.mode ?? 0;
      if (led.isDirectory && (mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
        return `everybody may write to "${place}"`;
      }
      if (own.isSymlink) {
        const target = await Deno.readLink(place);
        steps.push(...target.split("/").reverse());
        place = target.startsWith("/") ? "/" : await folderOf(place);
      }
    }
    let step = steps.pop();
    while (step === "" || step === ".") step = steps.pop();
    if (step === undefined) return undefined;
    place = step === ".."
      ? above(place)
      : `${place.replace(/\/$/, "")}/${step}`;
  }
}

/** The folder that a link lies in, without links of its own. */
async function folderOf(link: string): Promise<string> {
  const folder = above(link);
  return isGranted({ name: "read", path: folder })
    ? await Deno.realPath(folder)
    : folder;
}

/** The folder that a path lies in. */
function above(place: string): string {
  return place.slice(0, place.lastIndexOf("/")) || "/";
}
