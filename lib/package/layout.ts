// SPDX-License-Identifier: 0BSD
/**
 * Where an installation has its parts, the slashpackage way (https://cr.yp.to/slashpackage.html):
 *
 *   ROOT/package/admin/djbox-VERSION   a version, whole: the tree
 *   ROOT/package/admin/djbox           a link to the version in use
 *   ROOT/command/NAME                  links into that
 *   ROOT/usr/local/bin/NAME            links to those, for whoever has no /command in PATH
 *   ROOT/service                       the directory that svscan looks after
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { workingDirectory } from "../os/directory.ts";
import { baseName, folderOf } from "../os/path.ts";
import { isDirectory, isLink, isSameFile, lstat } from "../os/stat.ts";
import { executableOf, type Toolbox } from "../cli/tool.ts";
import { attempt, refusal } from "./messages.ts";
import { isThere, namesIn } from "./placing.ts";

export const PACKAGE = "djbox";

/** What a tree is made of, besides the links in `command`: folders and files. */
export const PARTS = ["djbox", "runtime", "package", "man", "doc", "completions"];

export class Layout {
  /** The tree of the version. */
  readonly home: ByteString;
  readonly admin: ByteString;
  /** The link to the version in use. */
  readonly current: ByteString;
  readonly command: ByteString;
  readonly service: ByteString;

  /** @param root "" is / */
  constructor(readonly root: ByteString, readonly version: ByteString) {
    this.admin = `${root}/package/admin`;
    this.home = `${this.admin}/${PACKAGE}-${version}`;
    this.current = `${this.admin}/${PACKAGE}`;
    this.command = `${root}/command`;
    this.service = `${root}/service`;
  }

  /** The versions that are there, be they in use or not: directories and links, no releases that lie about packed. */
  versions(): ByteString[] {
    const isTree = (name: ByteString): boolean => {
      const found = lstat(`${this.admin}/${name}`);
      return isDirectory(found) || isLink(found);
    };
    return attempt(
      `read ${this.admin}`,
      () =>
        namesIn(this.admin).filter((name) =>
          /^djbox-\d+(\.\d+)*(\.new)?$/.test(name) && isTree(name)
        ),
    );
  }
}

/** The tree that the running toolbox lies in. */
export function treeOf(toolbox: Toolbox): ByteString {
  if (toolbox.form === "source") {
    throw refusal("this is the source; deno task build makes what is installed");
  }
  return folderOf(executableOf(toolbox));
}

/**
 * The root whose /package/admin `tree` lies in; "" is /, which is also where a release goes that was unpacked elsewhere.
 *
 * @throws Failure for the tree of an installation to which a link leads: nobody is to take / for its root
 */
export function rootOf(tree: ByteString): ByteString {
  // /package may be a link to where there is room, and so may the tree.
  if (isSameFile(`/package/admin/${baseName(tree)}`, tree)) return "";
  const root = /^([^]*)\/package\/admin\/djbox-[^/]+$/.exec(tree)?.[1];
  if (root !== undefined) return root;
  if (!isThere(`${tree}/command`)) return "";
  throw refusal(`${tree} is in no package/admin; say below which root it is used: --root DIR`);
}

/** `path` without its last slashes, counted from the working directory; "" for /. */
export function absoluteRoot(path: ByteString): ByteString {
  const whole = path.startsWith("/") ? path : `${workingDirectory()}/${path}`;
  return whole.replace(/\/+$/, "").replace(/(\/\.)+$/, "");
}
