// SPDX-License-Identifier: 0BSD
/**
 * Where the bench works: scratch folders in memory and on disk, the tools of both sides, and the input.
 *
 * @module
 */
import { SYSTEM_PATH } from "../trial/installed.ts";
import type { Command } from "../trial/processes.ts";

/** The tools of one side. */
export class Tools {
  constructor(readonly name: string, readonly path: string) {}

  /** The path of a program; undefined where it is missing. */
  find(program: string): string | undefined {
    return this.path.split(":").map((directory) => `${directory}/${program}`).find(isC(this.name));
  }

  has(program: string): boolean {
    return this.find(program) !== undefined;
  }

  /** The command that runs `argv`. */
  command(argv: readonly string[], rest: Omit<Command, "argv" | "path"> = {}): Command {
    const [program = "", ...args] = argv;
    return { ...rest, argv: [this.find(program) ?? program, ...args], path: this.path };
  }
}

/** djbox may be installed where the C tools are looked for: its commands are links to it. */
function isC(name: string): (file: string) => boolean {
  return (file) => {
    try {
      return Deno.statSync(file).isFile &&
        (name === "djbox" || !Deno.realPathSync(file).endsWith("/djbox"));
    } catch {
      return false;
    }
  };
}

export class Place {
  /** In memory. */
  readonly memory: string;
  /** On a disk. */
  readonly disk: string;
  readonly ours: Tools;
  readonly theirs: Tools;
  readonly #made = new Map<string, string>();

  constructor(commands: string) {
    this.memory = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "djbox-bench." });
    this.disk = Deno.makeTempDirSync({ dir: "/var/tmp", prefix: "djbox-bench." });
    for (const directory of [this.memory, this.disk]) Deno.chmodSync(directory, 0o755);
    this.ours = new Tools("djbox", `${commands}:${SYSTEM_PATH}`);
    this.theirs = new Tools("C", SYSTEM_PATH);
  }

  /** A file in memory that `make` makes when it is wanted first. */
  file(name: string, make: (path: string) => void): string {
    let path = this.#made.get(name);
    if (path === undefined) {
      path = `${this.memory}/${name}`;
      make(path);
      this.#made.set(name, path);
    }
    return path;
  }

  /** An empty folder in `parent`. */
  fresh(name: string, parent = this.memory): string {
    const path = `${parent}/${name}`;
    this.remove(path);
    Deno.mkdirSync(path);
    return path;
  }

  remove(path: string): void {
    try {
      Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  clear(): void {
    this.remove(this.memory);
    this.remove(this.disk);
  }
}
