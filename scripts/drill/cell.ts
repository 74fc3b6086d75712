// SPDX-License-Identifier: 0BSD
/**
 * One cell of the drill's table, in a process (and, for root, in namespaces) of its own: FAULT SYSTEM COMMANDS, and a
 * line of JSON on standard output.
 *
 * @module
 */
import { becomeSubreaper, endEverything, Late, until } from "../trial/processes.ts";
import { calm, FAULTS } from "./faults.ts";
import { type Books, Place } from "./place.ts";
import { systems } from "./systems.ts";

/** What happened. */
export interface Outcome extends Books {
  /** Seconds until all was right again; null: it was not, in the time that there was. */
  readonly seconds: number | null;
  /** Whether the system has such a thing at all. */
  readonly applies: boolean;
  /** What it said. */
  readonly said: string;
}

/** How long a system may take to be right again. */
export const PATIENCE = 15;

function run(faultName: string, systemName: string, commands: string): Outcome {
  const fault = FAULTS.find(({ name }) => name === faultName);
  const system = systems(commands).find(({ name }) => name === systemName);
  if (fault === undefined || system === undefined) throw new Error("no such cell");
  const work = Deno.makeTempDirSync({ dir: "/tmp", prefix: "djbox-drill." });
  Deno.chmodSync(work, 0o777);
  try {
    const place = new Place(system, work);
    fault.prepare?.(place);
    place.start(fault.prefix);
    until("it is right", () => place.isRight());
    calm();
    let seconds: number | null = null;
    let applies = true;
    try {
      applies = fault.act(place) ?? true;
      const since = performance.now();
      until("it is right", () => place.isRight(), PATIENCE * 1000);
      seconds = (performance.now() - since) / 1000;
      calm();
      if (!place.isRight()) seconds = null;
    } catch (error) {
      if (!(error instanceof Late)) throw error; // it never was
    }
    return { ...place.balance(), seconds, applies, said: place.said() };
  } finally {
    endEverything();
    // Mounts are in a namespace of our own, and go with it.
    new Deno.Command("/bin/sh", {
      args: ["-c", `cd ${work}/sv; umount -l a/supervise a/log/main a`],
      stderr: "null",
    }).outputSync();
    Deno.removeSync(work, { recursive: true });
  }
}

if (import.meta.main) {
  const [fault = "", system = "", commands = ""] = Deno.args;
  becomeSubreaper();
  console.log(JSON.stringify(run(fault, system, commands)));
}
