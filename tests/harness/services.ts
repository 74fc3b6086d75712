// SPDX-License-Identifier: 0BSD
/**
 * Services for the tests of supervision, and looking at them without a tool.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { type Box, cTool, fromLatin1, type Needs, type Started, toolTest } from "./harness.ts";

/** A run script's body that stays until it is ended, and notes each start: before it is called sleep. */
export const STAYS = "echo started >>starts; exec sleep 100000";

/** What services are supervised with. */
export const SUPERVISION = ["svscan", "supervise", "svc", "svok", "svstat"];

/** Declares a test of what becomes of services that one process supervises. */
export function oneProcessTest(
  name: string,
  body: (box: Box) => Promise<void>,
  needs: Needs = {},
): void {
  const djboxOnly = "C has a supervise for each service, and lives otherwise";
  toolTest(name, SUPERVISION, body, { ...needs, djboxOnly });
}

/** Starts svscan in the folder `sv`. */
export function scan(box: Box): Started {
  return box.start(["svscan", "sv"]);
}

/** Writes services under the box's folder, each with the same run script. */
export function writeServices(box: Box, names: readonly string[], body = STAYS): void {
  for (const name of names) box.script(`${name}/run`, body);
}

/**
 * A service that writes numbered lines, and a logger that keeps them all in `log/lines`. Both end between two lines when
 * they get TERM. While there is a file `hold` the service writes nothing, and says so with a file `held`.
 */
export function writeLogged(box: Box, name: string, pause = "0.01"): void {
  box.script(
    `${name}/run`,
    `trap end=1 TERM; i=$(cat n 2>/dev/null || echo 0)
while [ ! "$end" ]; do
  [ ! -e hold ] || : >held
  while [ -e hold ]; do sleep 0.01; done
  i=$((i+1)); echo "$i" || exit; echo $i >n; sleep ${pause}
done`,
  );
  // Not cat, which would take with it what it has in its memory.
  box.script(
    `${name}/log/run`,
    `trap end=1 TERM
while [ ! "$end" ] && read -r line; do echo "$line" >>lines; done`,
  );
}

/** The last number that such a service has written. */
export function lastWritten(box: Box, name: string): number {
  return Number(box.read(`${name}/n`));
}

/** Waits until such a service has stopped writing and its logger has nothing in hand. */
export async function hold(box: Box, name: string): Promise<void> {
  box.write(`${name}/hold`, "");
  await box.until(`${name} is held`, () => {
    if (!isHeld(box, name)) return false;
    return lines(box, name).at(-1) === lastWritten(box, name);
  });
}

function isHeld(box: Box, name: string): boolean {
  try {
    return Deno.statSync(`${box.dir}/${name}/held`).isFile;
  } catch {
    return false;
  }
}

/** Ends that. */
export function letGo(box: Box, name: string): void {
  for (const file of ["hold", "held"]) Deno.removeSync(`${box.dir}/${name}/${file}`);
}

/** The numbers that the logger of such a service has so far. */
export function lines(box: Box, name: string): number[] {
  return box.read(`${name}/log/lines`).split("\n").slice(0, -1).map(Number);
}

/** What supervise/status says. */
export interface Status {
  readonly pid: number;
  readonly paused: boolean;
  /** `u`, `d` or "". */
  readonly want: string;
  /** The time stamp, as it stands there. */
  readonly since: string;
}

/** The status of a service; undefined where there is none (yet). */
export function statusOf(box: Box, service: string): Status | undefined {
  const text = box.read(`${service}/supervise/status`);
  if (text.length !== 18) return undefined;
  const byte = (i: number): number => text.charCodeAt(i);
  return {
    pid: (byte(12) | byte(13) << 8 | byte(14) << 16 | byte(15) << 24) >>> 0,
    paused: byte(16) === 1,
    want: text.charAt(17).replace("\0", ""),
    since: text.slice(0, 12),
  };
}

/** The pid of a service, 0: it is down. */
export function pidOf(box: Box, service: string): number {
  return statusOf(box, service)?.pid ?? 0;
}

/**
 * Waits until each of `services` runs, and nothing else than its ./run: its pids. Those that run STAYS have noted their
 * start by then; a shell, on a machine that has much to do, comes to its first line long after supervise has its pid.
 */
export async function untilUp(box: Box, services: readonly string[]): Promise<number[]> {
  const isUp = (service: string): boolean => {
    const pid = pidOf(box, service);
    return isAlive(pid) && (!box.read(`${service}/run`).includes(STAYS) || commOf(pid) === "sleep");
  };
  for (const service of services) await box.until(`${service} is up`, () => isUp(service));
  return services.map((service) => pidOf(box, service));
}

/** Waits until each of `services` has noted its last start (STAYS) more than a second ago: supervise has, too. */
export async function untilOld(box: Box, services: readonly string[]): Promise<void> {
  const isOld = (service: string): boolean => {
    try {
      const { mtime } = Deno.statSync(`${box.dir}/${service}/starts`);
      return Date.now() - (mtime?.getTime() ?? 0) > 1300;
    } catch (error) {
      // It runs, but its shell has come to nothing yet.
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  };
  await box.until("they have run for a second", () => services.every(isOld));
}

/** Waits until each of `services` is supervised. */
export async function untilSupervised(box: Box, services: readonly string[]): Promise<void> {
  for (const service of services) {
    await box.until(`${service} is supervised`, () => isSupervised(box, service));
  }
}

/** What svok finds out. */
export async function isSupervised(box: Box, service: string): Promise<boolean> {
  return (await box.run(["svok", service])).code === 0;
}

function statOf(pid: number): string[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  } catch {
    return ["X"];
  }
}

/** The state of a process as ps shows it: `S`, `T` (stopped); `X`: it is gone, or about to. */
export function stateOf(pid: number): string {
  const state = statOf(pid)[0] as string;
  return pid === 0 || state === "Z" ? "X" : state;
}

export function isAlive(pid: number): boolean {
  return stateOf(pid) !== "X";
}

/** The name of a process as the kernel has it, /proc/PID/comm of proc(5); "": it is gone. */
function commOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).replace(/\n$/, "");
  } catch {
    return "";
  }
}

/** Tells an upgrade that has taken place: the addresses that a process was executed with are random. */
export function auxv(pid: number): string {
  return fromLatin1(Deno.readFileSync(`/proc/${pid}/auxv`));
}

/** What a process has open, as the links in /proc/PID/fd say; "": that was closed meanwhile. */
export function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`${folder}/${name}`);
    } catch {
      return "";
    }
  });
}

/** The processes, supervisors apart, that stand in a folder of the box. */
export function processesIn(box: Box, folder: string): number[] {
  const path = Deno.realPathSync(`${box.dir}/${folder}`);
  return allPids().filter((pid) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/cwd`) === path && isAlive(pid) &&
        !["supervise", "svscan", ""].includes(commOf(pid));
    } catch {
      return false;
    }
  });
}

/** The living processes called `name` that have been started by the box. */
export function processesCalled(box: Box, name: string): number[] {
  return allPids().filter((pid) => {
    try {
      return commOf(pid) === name && isAlive(pid) &&
        Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`HOME=${box.dir}\0`);
    } catch {
      return false;
    }
  });
}

function allPids(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => pid > 0);
}

/** The C tool, which the test has asked for. */
export function original(name: string): string {
  const path = cTool(name);
  ok(path !== undefined, `no C ${name}`);
  return path;
}
