// SPDX-License-Identifier: 0BSD
/**
 * softlimit - runs a program with new resource limits
 *
 * Synopsis: softlimit [-a BYTES] [-c BYTES] [-d BYTES] [-f BYTES] [-l BYTES] [-m BYTES] [-o FILES] [-p PROCESSES]
 *   [-r BYTES] [-s BYTES] [-t SECONDS] CHILD [ARG ...]
 *
 * Sets soft limits. A number above the hard limit, or `=`, means the hard limit.
 *
 * Options (setrlimit(2)):
 *   -a   all of the address space (RLIMIT_AS)
 *   -c   core file (RLIMIT_CORE)
 *   -d   data segment (RLIMIT_DATA)
 *   -f   output file (RLIMIT_FSIZE)
 *   -l   locked memory (RLIMIT_MEMLOCK)
 *   -m   -d, -s, -l and -a together
 *   -o   open files (RLIMIT_NOFILE)
 *   -p   processes of the uid (RLIMIT_NPROC)
 *   -r   resident memory (RLIMIT_RSS)
 *   -s   stack segment (RLIMIT_STACK)
 *   -t   CPU time in seconds (RLIMIT_CPU)
 *
 * Exit codes: 100 wrong usage; 111 CHILD cannot be run; else CHILD's own.
 *
 * Differences: the limits of memory and open files bind the programs that are run, not the tools of djbox: one that
 * comes next in the chain (`softlimit -m 2000000 tcpserver ...`) hands them on to what it starts, but could not live
 * under them itself.
 *
 * See https://cr.yp.to/daemontools/softlimit.html
 *
 * @module
 */
import type { ByteString } from "../../lib/os/bytes.ts";
import {
  RLIMIT_AS,
  RLIMIT_CORE,
  RLIMIT_CPU,
  RLIMIT_DATA,
  RLIMIT_FSIZE,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RSS,
  RLIMIT_STACK,
} from "../../lib/os/constants.ts";
import { UNLIMITED } from "../../lib/os/rlimit.ts";
import { getopt, type Option } from "../../lib/cli/getopt.ts";
import { usageError } from "../../lib/cli/messages.ts";
import { scanUlong } from "../../lib/cli/number.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";

const USAGE = "usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] " +
  "[-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] " +
  "[-t cpusecs] child";

const RESOURCES: Readonly<Record<string, readonly number[]>> = {
  a: [RLIMIT_AS],
  c: [RLIMIT_CORE],
  d: [RLIMIT_DATA],
  f: [RLIMIT_FSIZE],
  l: [RLIMIT_MEMLOCK],
  m: [RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK, RLIMIT_AS],
  o: [RLIMIT_NOFILE],
  p: [RLIMIT_NPROC],
  r: [RLIMIT_RSS],
  s: [RLIMIT_STACK],
  t: [RLIMIT_CPU],
};

export const softlimit: Tool = { usage: USAGE, brief: true, run };

function run(context: Context): Outcome {
  const { name, env } = context;
  const limits = new Map<number, bigint>();
  const take = ({ letter, value }: Option): void => {
    const soft = limitOf(value);
    if (soft === undefined) throw usageError(name, USAGE);
    for (const resource of RESOURCES[letter] ?? []) limits.set(resource, soft);
  };
  const { operands } = getopt(context, "a:c:d:f:l:m:o:p:r:s:t:", USAGE, { take });
  if (operands.length === 0) throw usageError(name, USAGE);
  return { argv: operands, env, limits };
}

/** The limit that `text` asks for; undefined where it is not a number. Never more than the hard limit is set. */
function limitOf(text: ByteString): bigint | undefined {
  if (text === "=") return UNLIMITED;
  return /^[0-9]*$/.test(text) ? scanUlong(text) : undefined;
}
