// SPDX-License-Identifier: 0BSD
/**
 * Where the demo plays: a scratch folder, commands that are shown as they are typed, and an end that leaves no process
 * behind, however it comes about.
 *
 * @module
 */
import { allProcesses } from "../lib/os/proc.ts";
import { carries } from "./trial/processes.ts";

/** Why the demo cannot go on. */
export class Failed extends Error {}

/** How long after a signal another one is the same, in milliseconds. */
const ECHO = 1000;

/** The signals that end the demo, and their numbers. */
const SIGNALS = [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const;

/** How long a condition is waited for, in milliseconds. */
const PATIENCE = 30_000;
/** How long processes that were asked to end have for it. */
const GRACE = 5_000;

const MARGIN = "    ";
const WIDTH = 80;

/** What a command has left. */
interface Answer {
  readonly code: number;
  readonly output: string;
}

export class Stage {
  /** The scratch folder: the working directory of all commands. */
  readonly dir: string;
  readonly #bold = Deno.stdout.isTerminal() && !Deno.noColor;
  /** Every process of the demo has this in its environment, and no other. */
  readonly #mark: string;
  readonly #background: number[] = [];
  #path = Deno.env.get("PATH") ?? "/usr/bin:/bin";
  #signalled = Promise.withResolvers<number>();
  #deafUntil = 0;
  #handlers = SIGNALS.map(([name, number]) => {
    const handler = (): void => {
      if (performance.now() >= this.#deafUntil) this.#signalled.resolve(number);
    };
    Deno.addSignalListener(name, handler);
    return { name, handler };
  });

  constructor() {
    try {
      this.dir = Deno.makeTempDirSync({ prefix: "djbox-demo." });
    } catch (error) {
      throw new Failed(`unable to make a folder in TMPDIR or /tmp: ${error}`);
    }
    this.#mark = `DJBOX_DEMO=${this.dir}`;
  }

  /** Prints paragraphs. */
  say(...paragraphs: string[]): void {
    print("\n" + paragraphs.map((text) => wrapped(text) + "\n").join(""));
  }

  /** Shows a command. */
  show(command: string): void {
    const [first, ...more] = command.split("\n");
    for (const line of [`$ ${first}`, ...more]) {
      print(MARGIN + (this.#bold ? `\x1b[1m${line}\x1b[0m` : line) + "\n");
    }
  }

  /** Shows what a command has printed. */
  tell(output: string): void {
    print(output.replace(/^(?=.)/gm, MARGIN));
  }

  /** From now on commands in `directory` are found first. */
  usePath(directory: string): void {
    this.#path = `${directory}:${this.#path}`;
  }

  /**
   * Shows a shell command, runs it, shows what it prints, and returns that.
   *
   * @param actual what is run, where that is not quite what is shown
   */
  async run(command: string, actual = command): Promise<string> {
    this.show(command);
    const { code, output } = await this.ask(actual);
    this.tell(output);
    if (code !== 0) throw new Failed(`exit code ${code} from: ${command}`);
    return output;
  }

  /** Runs a shell command that is not part of the play. */
  ask(command: string): Promise<Answer> {
    return this.orSignal(this.#shell(command));
  }

  /** Shows a shell command and starts it in the background, as a shell does: Ctrl-C does not reach it. */
  start(command: string): number {
    this.show(`${command} &`);
    const child = this.#spawn(`exec ${command}`, {
      detached: true,
      stdout: "null",
      stderr: "null",
    });
    child.unref();
    this.#background.push(child.pid);
    return child.pid;
  }

  #spawn(command: string, options: Deno.CommandOptions): Deno.ChildProcess {
    const [name, value] = this.#mark.split("=") as [string, string];
    return new Deno.Command("/bin/sh", {
      args: ["-c", command],
      cwd: this.dir,
      env: { PATH: this.#path, NO_COLOR: "1", [name]: value },
      stdin: "null",
      ...options,
    }).spawn();
  }

  async #shell(command: string): Promise<Answer> {
    const child = this.#spawn(`{ ${command}\n} 2>&1`, { stdout: "piped", stderr: "null" });
    const { code, stdout } = await child.output();
    return { code, output: new TextDecoder().decode(stdout) };
  }

  /** Waits until `condition` gives something. */
  async until<T>(what: string, condition: () => Promise<T | undefined | false>): Promise<T> {
    for (const end = performance.now() + PATIENCE; performance.now() < end;) {
      const found = await this.orSignal(condition());
      if (found !== undefined && found !== false) return found;
      await this.orSignal(pause());
    }
    throw new Failed(`not within ${PATIENCE / 1000} seconds: ${what}`);
  }

  /** Waits for a signal, Ctrl-C mostly. The terminal sends that to us and to `deno task`, which sends it on to us. */
  async interruption(): Promise<void> {
    await this.#signalled.promise;
    this.#deafUntil = performance.now() + ECHO;
    this.#signalled = Promise.withResolvers();
  }

  /** Waits for `work`, but no longer than until a signal comes. */
  async orSignal<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {}); // nobody may be waiting for it any more
    return await Promise.race([
      work,
      this.#signalled.promise.then((number) => {
        throw new Interrupted(number);
      }),
    ]);
  }

  /** The processes of the demo that live. */
  processes(): number[] {
    return allProcesses().filter((pid) => pid !== Deno.pid && carries(pid, this.#mark));
  }

  /** Ends what is still running: what was started here, then what `order` tells to end, then the rest. */
  async clear(order: string): Promise<void> {
    if (this.processes().length > 0) {
      for (const pid of this.#background.filter((pid) => carries(pid, this.#mark))) Deno.kill(pid);
      await this.#shell(order);
      for (const end = performance.now() + GRACE; this.processes().length > 0; await pause()) {
        if (performance.now() > end) this.processes().forEach(killAtOnce);
      }
    }
    for (const { name, handler } of this.#handlers) Deno.removeSignalListener(name, handler);
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** The demo was told to end by the signal `number`. */
export class Interrupted extends Error {
  constructor(readonly number: number) {
    super();
  }
}

function killAtOnce(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

/** The words of `text` in lines. */
function wrapped(text: string): string {
  let lines = "";
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > WIDTH) {
      lines += line + "\n";
      line = "";
    }
    line += (line === "" ? "" : " ") + word;
  }
  return lines + line + "\n";
}

function print(text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}
