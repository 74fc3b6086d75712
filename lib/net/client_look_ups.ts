// SPDX-License-Identifier: 0BSD
/**
 * What a server finds out about a client before it decides on it: names by DNS, and what IDENT says.
 *
 * @module
 */
import type { ByteString } from "../os/bytes.ts";
import { SystemError } from "../os/errno.ts";
import { IdentQuery } from "./ident.ts";
import type { Resolver } from "./resolver.ts";
import type { Task } from "./task.ts";
import type { Connection } from "./ucspi.ts";

/** A client while it is found out who it is. */
export interface Subject extends Connection {
  localHost: ByteString | undefined;
  remoteHost: ByteString | undefined;
  remoteInfo: ByteString | undefined;
}

/** Which names are to be looked up. */
export interface NamePolicy {
  /** Our own name; undefined: that of the address that the client is connected to. */
  readonly localHost: ByteString | undefined;
  readonly lookUpRemoteHost: boolean;
  /** Whether a name counts only if it has the client's address. */
  readonly paranoid: boolean;
}

/** What is to be found out, and through whom. */
export interface LookUps extends NamePolicy {
  readonly resolver: Resolver;
  /** How many seconds to wait for IDENT; undefined: it is not asked for. */
  readonly identSeconds: number | undefined;
}

/**
 * Finds out one thing about a client.
 *
 * @param next to be called when the look-up has ended
 * @returns the look-up that was begun; undefined: there is nothing to look up, and `next` is not called
 */
type Stage = (client: Subject, options: LookUps, next: () => void) => Task | undefined;

/** What is to be found out about a client, one after the other. */
export const STAGES: readonly Stage[] = [nameLocalHost, nameRemoteHost, checkRemoteHost, askIdent];

/** Whether all that a client's stages could find out is known, or not wanted. */
export function asksNobody({ localHost, lookUpRemoteHost, identSeconds }: LookUps): boolean {
  return localHost !== undefined && !lookUpRemoteHost && identSeconds === undefined;
}

function nameLocalHost(client: Subject, { resolver }: LookUps, next: () => void): Task | undefined {
  if (client.localHost !== undefined) return undefined;
  return resolver.nameOf(client.local.address, (name) => {
    if (!(name instanceof SystemError) && name !== "") client.localHost = name;
    next();
  });
}

function nameRemoteHost(client: Subject, options: LookUps, next: () => void): Task | undefined {
  if (!options.lookUpRemoteHost) return undefined;
  return options.resolver.nameOf(client.remote.address, (name) => {
    if (!(name instanceof SystemError) && name !== "") client.remoteHost = name;
    next();
  });
}

function checkRemoteHost(client: Subject, options: LookUps, next: () => void): Task | undefined {
  const { remoteHost, remote } = client;
  if (!options.paranoid || remoteHost === undefined) return undefined;
  return options.resolver.addressesLike(remote.address, remoteHost, (addresses) => {
    const known = !(addresses instanceof SystemError) && addresses.includes(remote.address);
    if (!known) client.remoteHost = undefined;
    next();
  });
}

function askIdent(client: Subject, options: LookUps, next: () => void): Task | undefined {
  if (options.identSeconds === undefined) return undefined;
  return new IdentQuery(options.resolver.loop, client, options.identSeconds, (information) => {
    client.remoteInfo = information;
    next();
  });
}
