// SPDX-License-Identifier: 0BSD
/**
 * Putting files where programs are run from: whoever looks finds the old one or the new one, whole.
 *
 * @module
 */

/** Puts bytes at `path`. */
export async function placeBytes(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  mode: number,
): Promise<void> {
  await place(path, async (fresh) => {
    await Deno.writeFile(fresh, bytes);
    await Deno.chmod(fresh, mode);
  });
}

/**
 * Puts a copy of the file `from` at `path`; a hard link to it where that is possible (the runtime is 95 MB) and
 * harmless: what root runs must not be a file that somebody else can still change.
 */
export async function placeFile(from: string, path: string, mode: number): Promise<void> {
  const stat = await Deno.stat(from);
  const safe = stat.uid === Deno.uid() && ((stat.mode ?? 0) & 0o7777) === mode;
  await place(path, async (fresh) => {
    if (safe && await Deno.link(from, fresh).then(() => true, () => false)) return;
    await Deno.copyFile(from, fresh);
    await Deno.chmod(fresh, mode);
  });
}

/** Makes the folder `to` hold what the folder `from` does; where there is none, there is to be none. */
export async function placeFolder(from: string, to: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(from)).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  if (entries === undefined) return await removeIfThere(to);
  await Deno.mkdir(to, { recursive: true });
  for (const { name, isDirectory } of entries) {
    if (isDirectory) await placeFolder(`${from}/${name}`, `${to}/${name}`);
    else await placeFile(`${from}/${name}`, `${to}/${name}`, 0o644);
  }
  for (const { name } of Deno.readDirSync(to)) {
    if (!entries.some((entry) => entry.name === name)) await removeIfThere(`${to}/${name}`);
  }
}

/** Puts a symbolic link to `target` at `path`. */
export async function placeLink(target: string, path: string): Promise<void> {
  await place(path, (fresh) => Deno.symlink(target, fresh));
}

async function place(path: string, make: (fresh: string) => Promise<void>): Promise<void> {
  const fresh = `${path}.new`;
  await removeIfThere(fresh);
  await make(fresh);
  await Deno.rename(fresh, path);
  // A link to the file that is there already leaves both names, and rename(2) does nothing then.
  await removeIfThere(fresh);
}

/** Removes a file, or a folder with what is in it. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
