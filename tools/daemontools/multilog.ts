// SPDX-License-Identifier: 0BSD
/**
 * multilog - reads lines from descriptor 0 and appends those that are selected to any number of logs
 *
 * Synopsis: multilog [ACTION ...]
 *
 * Actions, carried out in order for each line; a line is selected at first:
 *   t            (the first action only) puts a TAI64N stamp and a space in front of each line
 *   -PATTERN     deselects the line if PATTERN matches the first 1000 bytes of it
 *   +PATTERN     selects it if PATTERN matches
 *   e            prints the first 200 bytes of each selected line on descriptor 2
 *   =FILE        keeps the first 1000 bytes of the latest selected line in FILE, padded with newlines to 1001
 *   sSIZE        for the directories that follow: the most bytes in a file, 4096 to 16777215; default 99999
 *   nNUMBER      ... the number of files, at least 2; default 10
 *   !PROCESSOR   ... a command for sh that feeds on finished files and prints what is kept of them
 *   ./DIR, /DIR  appends each selected line to DIR/current; see multilog's directory format in section 5
 *
 * Signals: TERM reads on to the end of the line and exits; ALRM finishes every `current` that is not empty.
 *
 * Exit codes: 0 end of input, or TERM; 111 a directory or file of the script cannot be used (nothing has been read).
 * Where what is wrong may pass (a disk that is full, or that can only be read, with an unfinished file on it) it waits.
 *
 * See https://cr.yp.to/daemontools/multilog.html
 *
 * @module
 */
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { LogDirectory } from "../../lib/log/directory.ts";
import { type LineLoops, lineLoops } from "../../lib/log/line_loops.ts";
import { LogOutlet } from "../../lib/log/log_outlet.ts";
import { AlertOutlet, type Outlet, StatusOutlet } from "../../lib/log/outlet.ts";
import { type LineReader, PlainReader, StampingReader } from "../../lib/log/reader.ts";
import { type Action, parseScript } from "../../lib/log/script.ts";
import { Selection, selectionRoom, type Step } from "../../lib/log/selection.ts";
import { Text } from "../../lib/log/text.ts";
import type { ByteString } from "../../lib/os/bytes.ts";
import { Clock } from "../../lib/os/clock.ts";
import { SIGALRM, SIGTERM } from "../../lib/os/constants.ts";
import { umask } from "../../lib/os/file.ts";
import { PollSet } from "../../lib/os/poll.ts";
import { CALM, releaseMemory } from "../../lib/os/idle_memory.ts";
import { SignalDescriptor } from "../../lib/os/signal.ts";
import { fillStandardDescriptors } from "../../lib/os/standard_descriptors.ts";
import { READ_SIZE } from "../../lib/stream/layout.ts";
import { Stamper } from "../../lib/tai/stamp.ts";

const USAGE = "usage: multilog [ action ... ]";
const STDIN = 0;

export const multilog: Tool = { usage: USAGE, readsSignals: true, run };

function run(context: Context): Outcome {
  umask(0o022);
  fillStandardDescriptors();
  const signals = new SignalDescriptor([SIGTERM, SIGALRM]);
  const { stamped, actions } = parseScript(context.args);
  const text = new Text(roomFor(actions));
  // Where everything goes to every log, nobody needs to look at lines.
  const loops = actions.every(({ kind }) => kind === "log") ? undefined : lineLoops(text.memory);
  const stamper = new Stamper();
  const { steps, logs } = openScript(context, actions, text, loops, stamper);
  const selection = new Selection(text, loops, steps);
  const reader = stamped
    ? new StampingReader(STDIN, text, stamper)
    : new PlainReader(STDIN, text, loops);
  pump(reader, text, selection, signals, logs);
  for (const log of logs) log.finish();
  return 0;
}

function roomFor(actions: readonly Action[]): number {
  const outlets = new Set<Action | ByteString>();
  let bytes = 0;
  for (const action of actions) {
    if ("pattern" in action) bytes += action.pattern.length;
    // One for all alerts, and for each status file: see openScript().
    else outlets.add(action.kind === "log" ? action : "file" in action ? action.file : action.kind);
  }
  return selectionRoom(actions.length, outlets.size, bytes);
}

/** Reads, selects and appends until the input ends, or TERM arrives and the line is complete. */
function pump(
  reader: LineReader,
  text: Text,
  selection: Selection,
  signals: SignalDescriptor,
  logs: readonly LogDirectory[],
): void {
  const waiting = new PollSet(2);
  waiting.set(0, STDIN);
  waiting.set(1, signals.fd);
  let leaving = false;
  let rested = false;
  for (;;) {
    if (waiting.wait(rested ? -1 : CALM) === 0 && !rested) {
      rested = true;
      releaseMemory();
    }
    // What was there when a signal came goes before it: C's read(2) returns that first.
    if (waiting.happened(0) !== 0) {
      // Byte by byte to the end of the line: what is behind it is for whoever reads next.
      const got = reader.read(leaving ? 1 : READ_SIZE);
      if (got === "end") break;
      if (got === "something") selection.pass();
    }
    if (waiting.happened(1) !== 0) {
      signals.each(({ signal }) => {
        if (signal === SIGTERM) leaving = true;
        else for (const log of logs) log.rotateUnlessEmpty();
      });
    }
    if (leaving && !text.inLine) return;
  }
  selection.end();
}

/** Opens what the actions need, and makes steps of them. */
function openScript(
  context: Context,
  actions: readonly Action[],
  text: Text,
  loops: LineLoops | undefined,
  stamper: Stamper,
): { steps: Step[]; logs: LogDirectory[] } {
  const { name, env, inheritance } = context;
  const clock = new Clock();
  const nextStamp = (): ByteString => {
    stamper.set(clock.read());
    return stamper.next();
  };
  // Status files before directories, as in the C tool: it is seen where one of them cannot be opened.
  const statuses = new Map<ByteString, Outlet>();
  for (const action of actions) {
    if (action.kind === "status" && !statuses.has(action.file)) {
      statuses.set(action.file, new StatusOutlet(name, action.file, text));
    }
  }
  // One outlet for all alerts, and one for each status file: what they print keeps the order of the lines.
  const alerts = new AlertOutlet(text);
  const logs: LogDirectory[] = [];
  const steps: Step[] = [];
  for (const action of actions) {
    switch (action.kind) {
      case "select":
      case "deselect":
        steps.push(action);
        break;
      case "alert":
        steps.push({ kind: "outlet", outlet: alerts });
        break;
      case "status":
        steps.push({ kind: "outlet", outlet: statuses.get(action.file) as Outlet });
        break;
      case "log": {
        const { size, number, command } = action;
        const processor = command === undefined ? undefined : { command, env, inheritance };
        const options = { tool: name, size, number, processor, nextStamp };
        const log = new LogDirectory(action.directory, options);
        logs.push(log);
        steps.push({ kind: "outlet", outlet: new LogOutlet(log, text, loops) });
        break;
      }
    }
  }
  return { steps, logs };
}
