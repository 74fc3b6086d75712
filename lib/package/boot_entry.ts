// SPDX-License-Identifier: 0BSD
/**
 * The entry that has svscan started when the machine boots: whether there is one, ours or another, and how it is written
 * and removed.
 *
 * @module
 */
import { type ByteString, fromBytes, toBytes } from "../os/bytes.ts";
import { unlessRefused } from "../os/errno.ts";
import { readFile } from "../os/file.ts";
import { folderOf } from "../os/path.ts";
import { type Changes, targetOf } from "./changes.ts";
import { BOOT, type Init, INITS, MARK, type SharedLine, SYSV_LINE } from "./inits.ts";
import { isOurs } from "./links.ts";
import { attempt, refusal } from "./messages.ts";
import { isThere, namesIn, resolveBelow } from "./placing.ts";

function textOf(path: ByteString): ByteString {
  return attempt(`read ${path}`, () => isThere(path) ? fromBytes(readFile(path)) : "");
}

/** Lines that start svscan: of a script or a table; of a unit, whose other lines may speak of it, too. */
const STARTS_SVSCAN = /^[^#\n]*\bsvscan(boot)?\b/m;
const UNIT_STARTS_SVSCAN = /^Exec\w*=[^\n]*\bsvscan(boot)?\b/m;

/** What starts svscan at boot already, and is not ours: a file. undefined: nothing. */
export function otherEntry(root: ByteString): ByteString | undefined {
  const filesIn = (folder: ByteString): ByteString[] => {
    const names = unlessRefused(() => namesIn(resolveBelow(root, folder))) ?? [];
    return names.map((name) => `${folder}/${name}`);
  };
  const units = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"]
    .flatMap(filesIn).filter((path) => path.endsWith(".wants")).flatMap(filesIn);
  const isOther = (starts: RegExp) => (path: ByteString): boolean => {
    const text = unlessRefused(() => fromBytes(readFile(resolveBelow(root, path)))) ?? "";
    return starts.test(text) && !text.includes(MARK) && !hasOurLine(text, root);
  };
  const other = ["/etc/inittab", "/etc/rc.local"].find(isOther(STARTS_SVSCAN)) ??
    units.find(isOther(UNIT_STARTS_SVSCAN));
  return other === undefined ? undefined : root + other;
}

/** Whether a line is there as `writeEntry` writes it, and what it starts is no other package's. */
function hasOurLine(text: ByteString, root: ByteString): boolean {
  return !startsAnother(root) &&
    text.split("\n").some((line) =>
      INITS.some((init) => init.line?.text() === line) || line === SYSV_LINE
    );
}

/** Whether what the lines start is there, and another package's: then so are the lines. */
function startsAnother(root: ByteString): boolean {
  return isThere(root + BOOT) && !isOurs(targetOf(root + BOOT));
}

/**
 * Writes the entry for `init` below `root`, as far as it is not there already. Returns what was written.
 *
 * @throws Failure where somebody else's file is in its place
 */
export function writeEntry(init: Init, root: ByteString, changes: Changes): ByteString[] {
  const written: ByteString[] = [];
  for (const [path, content, mode] of init.files) {
    if (isThere(root + path)) {
      const there = targetOf(root + path) === undefined ? textOf(root + path) : "";
      if (there === content) continue;
      // systemctl(1) mask puts a link there.
      if (!there.includes(MARK)) throw refusal(`${root + path} is not djbox's: move it away`);
    }
    changes.directory(folderOf(root + path));
    changes.file(toBytes(content), root + path, mode);
    written.push(root + path);
  }
  for (const [path, target] of init.links) {
    if (targetOf(root + path) === target) continue;
    changes.directory(folderOf(root + path));
    changes.link(target, root + path);
    written.push(root + path);
  }
  if (init.line === undefined) return written;
  const path = fileOf(init.line, root);
  const text = init.line.text();
  const [fresh, mode] = init.line.fresh;
  const old = isThere(path) ? textOf(path) : fresh;
  if (old.split("\n").includes(text)) return written;
  // Whoever adds something with echo(1) is not to add it to our line.
  const whole = old === "" || old.endsWith("\n") ? old : old + "\n";
  const at = init.line.place(whole);
  changes.directory(folderOf(path));
  changes.shared(toBytes(`${whole.slice(0, at)}${text}\n${whole.slice(at)}`), path, mode);
  return [...written, path];
}

/** Where the file of a line is: what is replaced is the file, not a link to it. */
function fileOf({ file }: SharedLine, root: ByteString): ByteString {
  return attempt(`read ${root}${file}`, () => resolveBelow(root, file));
}

/** Whether there is an entry of ours for `init` below `root`. */
export function hasEntry({ files, line }: Init, root: ByteString): boolean {
  return files.some(([path]) => textOf(root + path).includes(MARK)) ||
    (line !== undefined && !startsAnother(root) && hasLine(line, root));
}

/** Whether the line is there, whosever it is. */
export function hasLine(line: SharedLine, root: ByteString): boolean {
  return textOf(fileOf(line, root)).split("\n").includes(line.text());
}

/** Removes the entry for `init` below `root`, where it is ours. Returns what was removed or changed. */
export function removeEntry(init: Init, root: ByteString, changes: Changes): ByteString[] {
  if (!hasEntry(init, root)) return [];
  const own = [...init.files, ...init.links].map(([path]) => root + path).filter(isThere);
  for (const path of own) changes.remove(path);
  if (init.line === undefined) return own;
  const path = fileOf(init.line, root);
  const left = textOf(path).split("\n").filter((line) => line !== init.line?.text()).join("\n");
  changes.shared(toBytes(left), path, init.line.fresh[1]);
  return [...own, path];
}
