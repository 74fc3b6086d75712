// SPDX-License-Identifier: 0BSD
/**
 * The ground of the black-box tests: they run the installed commands, and where the C tool is installed the
 * same test runs on that too, so that a test which pins down a wrong belief fails at once.
 *
 *   DJBOX_COMMANDS   the directory of our commands (scripts/test.ts sets it; default build/root/command)
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { ROOT } from "../../scripts/root.ts";

export { freePort } from "../../scripts/trial/ports.ts";

/** The directory of our commands. */
export const COMMANDS = Deno.env.get("DJBOX_COMMANDS") ??
  ROOT + "build/root/command";

const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const C_DIRECTORIES = ["/usr/bin", "/usr/sbin"];
/** How many times slower this machine is than those that the times are for: an emulated one (scripts/arm64.ts). */
const SLOWNESS = Number(Deno.env.get("DJBOX_SLOWNESS") ?? 1);

/** `milliseconds` on a machine that those are for, as many as it takes on this one: for all that is waited for. */
export function slow(milliseconds: number): number {
  return milliseconds * SLOWNESS;
}

const DEADLINE = 30_000;
/** How long a whole test may take: one that hangs fails, and what it started is ended. */
const WHOLE = slow(180_000);
/**
 * How often a test is tried on the C tools, which have races of their own: multilog, say, misses a signal that comes
 * between its look at the flag and its read(2) and waits for the next line. What C can do is what the test is right
 * about. Ours have one attempt.
 */
const C_ATTEMPTS = 3;

/** Tools of ours that no Debian package has. */
const C_LACKS = ["cdbtest", "tai64nfrac"];

/** What a test asks for besides the tools. */
export interface Needs {
  /** Skipped for ordinary users. */
  readonly root?: boolean;
  /** Runs on djbox alone; the reason stands in docs/deviations.md or in the text. */
  readonly djboxOnly?: string;
  /** Further programs that the test uses. */
  readonly programs?: readonly string[];
}

/**
 * A test of `tools`, run on ours and, where all of them are installed, on the C ones.
 *
 * @param name subject and sentence: "svok says 100 where nobody supervises"
 */
export function toolTest(
  name: string,
  tools: readonly string[],
  body: (box: Box) => Promise<void> | void,
  needs: Needs = {},
): void {
  const lacking = (needs.root === true && Deno.uid() !== 0) ||
    (needs.programs ?? []).some((program) => findProgram(program) === undefined);
  Deno.test({
    name: `[djbox] ${name}`,
    ignore: lacking,
    fn: () => inBox(COMMANDS, body),
  });
  if (needs.djboxOnly !== undefined || tools.some((tool) => C_LACKS.includes(tool))) return;
  const missing = tools.some((tool) => cTool(tool) === undefined);
  Deno.test({
    name: `[C] ${name}`,
    ignore: lacking || missing,
    fn: () => onOriginals(body),
  });
}

async function onOriginals(body: (box: Box) => Promise<void> | void): Promise<void> {
  for (let attempt = 1; attempt < C_ATTEMPTS; attempt++) {
    try {
      return await inBox(undefined, body);
    } catch (error) {
      console.log(`attempt ${attempt} on the C tools: ${(error as Error).message}`);
    }
  }
  await inBox(undefined, body);
}

/**
 * A test in which ours and the C tools meet: PATH leads to ours, `cTool` to the others. Skipped where one of the C
 * `tools` is not installed.
 */
export function mixedTest(
  name: string,
  tools: readonly string[],
  body: (box: Box) => Promise<void> | void,
  programs: readonly string[] = [],
): void {
  Deno.test({
    name: `[mixed] ${name}`,
    ignore: tools.some((tool) => cTool(tool) === undefined) ||
      programs.some((program) => findProgram(program) === undefined),
    fn: () => inBox(COMMANDS, body),
  });
}

function isExecutable(path: string): boolean {
  try {
    const stat = Deno.statSync(path);
    return stat.isFile && ((stat.mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** Where the C tool is installed. */
export function cTool(name: string): string | undefined {
  return C_DIRECTORIES.map((directory) => `${directory}/${name}`).find(isExecutable);
}

/** Where a program of the system is. */
export function findProgram(name: string): string | undefined {
  return SYSTEM_PATH.split(":").map((directory) => `${directory}/${name}`).find(isExecutable);
}

/** What a finished command left. Bytes are shown as Latin-1, so that nothing is lost in a comparison. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

async function inBox(
  commands: string | undefined,
  body: (box: Box) => Promise<void> | void,
): Promise<void> {
  const box = new Box(commands);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${WHOLE} ms`)), WHOLE);
  });
  try {
    await Promise.race([body(box), late]);
  } finally {
    clearTimeout(timer);
    await box.clear();
  }
}

/** A scratch folder, the commands under test in PATH, and the processes that were started in it. */
export class Box {
  /** The scratch folder: everybody may enter it. */
  readonly dir: string;
  /** PATH of everything that runs in the box. */
  readonly path: string;
  /** Whether the commands are ours. */
  readonly ours: boolean;
  readonly #mark = `DJBOX_TEST_BOX=${crypto.randomUUID()}`;

  constructor(commands: string | undefined) {
    this.dir = Deno.makeTempDirSync({ prefix: "djbox-test." });
    Deno.chmodSync(this.dir, 0o755);
    this.ours = commands !== undefined;
    this.path = commands === undefined ? SYSTEM_PATH : `${commands}:${SYSTEM_PATH}`;
  }

  /** Writes a file in the box, with the folders above it. */
  write(name: string, content: string, mode = 0o644): void {
    const path = `${this.dir}/${name}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeFileSync(path, latin1(content));
    Deno.chmodSync(path, mode);
  }

  /** Writes a /bin/sh script that can be executed. */
  script(name: string, body: string): void {
    this.write(name, `#!/bin/sh\n${body}\n`, 0o755);
  }

  /** The content of a file in the box, as Latin-1; "" where there is none. */
  read(name: string): string {
    try {
      return fromLatin1(Deno.readFileSync(`${this.dir}/${name}`));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }

  /** Runs a command to its end. */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
    const child = this.#spawn(argv, options, "piped");
    const { code, signal, stdout, stderr } = await child.output();
    const status = signal === null ? code : 128 + signalNumber(signal);
    return { code: status, stdout: fromLatin1(stdout), stderr: fromLatin1(stderr) };
  }

  /** Runs a /bin/sh script to its end. */
  sh(script: string, options: RunOptions = {}): Promise<Result> {
    return this.run(["/bin/sh", "-c", script], options);
  }

  /** Starts a command that goes on; what it says is collected in files `out` and `err` of the box. */
  start(
    argv: readonly string[],
    options: RunOptions & { out?: string; err?: string } = {},
  ): Started {
    const { out = "out", err = "err" } = options;
    const line = [
      "/bin/sh",
      "-c",
      `exec "$@" >>"${this.dir}/${out}" 2>>"${this.dir}/${err}"`,
      "sh",
    ];
    const child = this.#spawn([...line, ...argv], options, "null");
    return {
      pid: child.pid,
      ended: child.status.then(({ code, signal }) =>
        signal === null ? code : 128 + signalNumber(signal)
      ),
      kill: (signal: Deno.Signal = "SIGTERM"): void => child.kill(signal),
    };
  }

  #spawn(
    argv: readonly string[],
    options: RunOptions,
    output: "piped" | "null",
  ): Deno.ChildProcess {
    const [marker, id] = this.#mark.split("=") as [string, string];
    const [program, ...args] = argv as [string, ...string[]];
    const child = new Deno.Command(program.includes("/") ? program : "/usr/bin/env", {
      args: program.includes("/") ? args : ["--", program, ...args],
      cwd: options.cwd ?? this.dir,
      clearEnv: true,
      env: {
        PATH: this.path,
        LC_ALL: "C",
        TZ: "UTC",
        HOME: this.dir,
        [marker]: id,
        ...options.env,
      },
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: output,
      stderr: output,
    }).spawn();
    if (options.stdin !== undefined) void feed(child, options.stdin);
    return child;
  }

  /** Waits until `condition` holds; fails with `what` when it has not within the deadline. */
  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    deadline = DEADLINE,
  ): Promise<void> {
    const end = performance.now() + slow(deadline);
    while (!await condition()) {
      ok(performance.now() < end, `not within ${slow(deadline)} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends every process that was started in the box, whoever its parent is now, and removes the folder. */
  async clear(): Promise<void> {
    const end = performance.now() + slow(DEADLINE);
    for (;;) {
      const pids = this.#processes();
      if (pids.length === 0) break;
      ok(performance.now() < end, `processes that do not end: ${pids.join(" ")}`);
      for (const pid of pids) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await Deno.remove(this.dir, { recursive: true });
  }

  /** The living processes that carry the box's mark or stand in its folder. */
  #processes(): number[] {
    const found: number[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
      try {
        const state = Deno.readTextFileSync(`/proc/${name}/stat`).replace(/^.*\) /s, "")[0];
        if (state === "Z" || state === "X") continue;
        const marked = fromLatin1(Deno.readFileSync(`/proc/${name}/environ`)).includes(this.#mark);
        if (marked || Deno.readLinkSync(`/proc/${name}/cwd`).startsWith(this.dir)) {
          found.push(Number(name));
        }
      } catch {
        // gone meanwhile, or not ours to look at
      }
    }
    return found;
  }
}

/** A command that goes on. */
export interface Started {
  readonly pid: number;
  /** Its exit code, or 128 and the number of the signal that ended it, as sh(1) tells it. */
  readonly ended: Promise<number>;
  kill(signal?: Deno.Signal): void;
}

async function feed(
  child: Deno.ChildProcess,
  input: string | Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(typeof input === "string" ? latin1(input) : input);
    await writer.close();
  } catch {
    // the command went away before it had read all
  }
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGXFSZ: 25,
};

function signalNumber(signal: string): number {
  return SIGNALS[signal] ?? 0;
}

/** A string of char codes 0 to 255 as bytes. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

export function fromLatin1(bytes: Uint8Array): string {
  // Not TextDecoder's "iso-8859-1", which is windows-1252 and turns 0x80 to 0x9f into other characters.
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
