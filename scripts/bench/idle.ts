// SPDX-License-Identifier: 0BSD
/**
 * Rows of tools that wait: the memory of one idle multilog or tcpserver, and of fifty.
 *
 * @module
 */
import { toBytes } from "../../lib/os/bytes.ts";
import { close, pipe, writeAll } from "../../lib/os/file.ts";
import { freePort } from "../trial/ports.ts";
import { answers } from "./clients.ts";
import type { Place, Tools } from "./place.ts";
import { endEverything, memoryOf, startSmall, until } from "../trial/processes.ts";
import { type Group, MIB, type Row, type Samples } from "./row.ts";

const MANY = 50;
const CALM = 300;

/** Starts one that waits, and returns when it does: its pid. */
type Start = (tools: Tools, place: Place, number: number) => { pid: number; stop: () => void };

const multilog: Start = (tools, place, number) => {
  const directory = place.fresh(`idle-${number}`);
  const { reader, writer } = pipe();
  const argv = ["multilog", "t", "./main"];
  const pid = startSmall(tools.command(argv, { input: reader, directory }));
  close(reader);
  writeAll(writer, toBytes("a line\n"));
  until("the line is in the log", () => {
    try {
      return Deno.statSync(`${directory}/main/current`).size > 0;
    } catch {
      return false;
    }
  });
  return { pid, stop: () => close(writer) };
};

const tcpserver: Start = (tools) => {
  const port = freePort();
  const argv = ["tcpserver", "-RHl0", "127.0.0.1", `${port}`, "/bin/true"];
  const pid = startSmall(tools.command(argv));
  until("the server listens", () => answers(port));
  return { pid, stop: () => {} };
};

function group(name: string, start: Start): Group {
  const one = `idle-${name}`;
  const all = `idle-${name}-${MANY}`;
  const further = `idle-${name}-further`;
  const rows: Row[] = [
    { name: one, what: `an idle ${name}, Private_Dirty`, unit: "MB", target: { value: 10 } },
    { name: all, what: `${MANY} of them, Pss of all`, unit: "MB" },
    { name: further, what: "each further one, Pss", unit: "MB" },
  ];
  const run = (tools: Tools, place: Place): Samples => {
    const running = [start(tools, place, 0)];
    const memory = (): ReturnType<typeof memoryOf> => {
      until("a moment has passed", isOver(CALM));
      return memoryOf(running.map(({ pid }) => pid));
    };
    try {
      const first = memory();
      for (let i = 1; i < MANY; i++) running.push(start(tools, place, i));
      const last = memory();
      return {
        [one]: { value: first.dirty / MIB },
        [all]: { value: last.pss / MIB },
        [further]: { value: (last.pss - first.pss) / (MANY - 1) / MIB },
      };
    } finally {
      for (const { stop } of running) stop();
      endEverything();
    }
  };
  return {
    rows,
    sides: (place) =>
      [place.ours, place.theirs].map((tools) => ({
        name: tools.name,
        run: () => run(tools, place),
      })),
  };
}

/** A condition that holds after `milliseconds`. */
function isOver(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds;
  return () => performance.now() >= end;
}

export const idle: readonly Group[] = [group("multilog", multilog), group("tcpserver", tcpserver)];
