// SPDX-License-Identifier: 0BSD
/**
 * Supervision on its way from one process to another, and the text that it travels as (handover.ts): JSON, of byte
 * strings. What is read is believed only if it has the shape of what is written, to the last number.
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import type { Inheritance, Mapping } from "../os/process.ts";
import type { Pipe } from "./log_pipes.ts";
import type { Descriptors } from "./service_directory.ts";
import { TABLE } from "./state_table.ts";
import type { Condition } from "./supervisor.ts";

/** Guards against a variable that was left over from somewhere: the state is for this version's shape. */
export const SHAPE = "djbox supervision 4";

/** A supervisor on its way from one process to another. */
export interface HandedSupervisor {
  readonly name: ByteString;
  readonly descriptors: Descriptors;
  readonly mappings: readonly Mapping[];
  readonly condition: Condition;
}

/** What looks after a service directory: a supervisor, the pid of a foreign supervise, or nothing. */
export type HandedKeeper = HandedSupervisor | number | undefined;

/** A service of svscan's and its logger. */
export interface HandedService {
  /** Its device and inode. */
  readonly identity: string;
  readonly name: ByteString;
  readonly pipe?: Pipe | undefined;
  readonly main?: HandedKeeper;
  readonly logger?: HandedKeeper;
}

/** What a process needs in order to go on. */
export interface Handed {
  readonly services: readonly HandedService[];
  /** What services inherit. */
  readonly inheritance: Inheritance;
}

/** The supervisors among `services`. */
export function supervisorsOf(services: readonly HandedService[]): HandedSupervisor[] {
  return services.flatMap(({ main, logger }) => [main, logger])
    .filter((keeper) => typeof keeper === "object");
}

/** All that `handed` has open. */
export function descriptorsOf({ services, inheritance }: Handed): number[] {
  const all = [
    ...inheritance.descriptors.map(([ours]) => ours),
    ...services.flatMap(({ pipe }) => pipe === undefined ? [] : [pipe.reader, pipe.writer]),
    ...supervisorsOf(services).flatMap(({ descriptors, mappings, condition }) => [
      ...Object.values(descriptors) as number[],
      ...mappings.map(([ours]) => ours),
      condition.pidfd,
    ]),
  ];
  return [...new Set(all)].filter((fd) => fd >= 0);
}

/** Signal masks and limits have 64 bits, and JSON knows neither those nor maps. */
export function encodeHanded({ services, inheritance }: Handed): Uint8Array<ArrayBuffer> {
  const { mask, softFiles, hardFiles, limits, descriptors } = inheritance;
  const state = {
    shape: SHAPE,
    services,
    mask: `${mask}`,
    softFiles: softFiles === undefined ? undefined : `${softFiles}`,
    hardFiles: hardFiles === undefined ? undefined : `${hardFiles}`,
    limits: [...limits].map(([resource, soft]) => [resource, `${soft}`]),
    descriptors,
  };
  return toBytes(JSON.stringify(state));
}

/** What `text` hands on; undefined where it is nothing that encodeHanded() could have made. */
export function decodeHanded(text: ByteString): Handed | undefined {
  const state = parseJson(text);
  if (!isState(state)) return undefined;
  const { services, mask, softFiles, hardFiles, limits, descriptors } = state as State;
  return {
    services,
    inheritance: {
      mask: BigInt(mask),
      softFiles: softFiles === undefined ? undefined : BigInt(softFiles),
      hardFiles: hardFiles === undefined ? undefined : BigInt(hardFiles),
      limits: new Map(limits.map(([resource, soft]) => [resource, BigInt(soft)])),
      descriptors,
    },
  };
}

function parseJson(text: ByteString): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What isState() has seen. */
interface State {
  readonly services: readonly HandedService[];
  readonly mask: string;
  readonly softFiles?: string;
  readonly hardFiles?: string;
  readonly limits: readonly (readonly [number, string])[];
  readonly descriptors: readonly Mapping[];
}

/** Whether a value out of JSON is of some kind. */
type Kind = (value: unknown) => boolean;

function oneOf(...values: readonly unknown[]): Kind {
  return (value) => values.includes(value);
}

function either(...kinds: readonly Kind[]): Kind {
  return (value) => kinds.some((kind) => kind(value));
}

function listOf(kind: Kind): Kind {
  return (value) => Array.isArray(value) && value.every(kind);
}

function rowOf(...kinds: readonly Kind[]): Kind {
  return (value) =>
    Array.isArray(value) && value.length === kinds.length &&
    kinds.every((kind, i) => kind(value[i]));
}

function objectOf(kinds: Readonly<Record<string, Kind>>): Kind {
  return (value) =>
    typeof value === "object" && value !== null &&
    Object.entries(kinds).every(([name, kind]) =>
      kind(Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined)
    );
}

/** A number that a pid or a descriptor can have. */
const isPlain: Kind = (value) => Number.isInteger(value) && value as number >> 0 === value;
const isNatural: Kind = (value) => isPlain(value) && value as number >= 0;
const isSeconds: Kind = Number.isSafeInteger;
const isText: Kind = (value) => typeof value === "string" && !/[^\0-\xff]/.test(value);
const isFlag: Kind = (value) => typeof value === "boolean";
const isLong: Kind = (value) => typeof value === "string" && /^[0-9]{1,20}$/.test(value);
const isNothing: Kind = (value) => value === undefined;
const isTime = objectOf({ seconds: isSeconds, nanoseconds: isNatural });
const isMappings = listOf(rowOf(isNatural, isNatural));

const isSupervisor = objectOf({
  name: isText,
  descriptors: objectOf({ directory: isNatural, lock: isNatural, control: isNatural, ok: isPlain }),
  mappings: isMappings,
  condition: objectOf({
    since: isTime,
    pid: isNatural,
    pidfd: isPlain,
    paused: isFlag,
    want: oneOf("u", "d", ""),
    exits: isFlag,
    unwritten: isFlag,
    announced: either(isNothing, isTime),
    state: oneOf(...Object.keys(TABLE)),
  }),
});
const isKeeper = either(isNothing, isNatural, isSupervisor);

const isState = objectOf({
  shape: oneOf(SHAPE),
  services: listOf(objectOf({
    identity: isText,
    name: isText,
    pipe: either(isNothing, objectOf({ reader: isNatural, writer: isNatural })),
    main: isKeeper,
    logger: isKeeper,
  })),
  mask: isLong,
  softFiles: either(isNothing, isLong),
  hardFiles: either(isNothing, isLong),
  limits: listOf(rowOf(isNatural, isLong)),
  descriptors: isMappings,
});
