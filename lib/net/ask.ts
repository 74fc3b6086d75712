// SPDX-License-Identifier: 0BSD
/**
 * A question and its answer: the work of who@(1), date@(1), finger@(1) and http@(1).
 *
 * @module
 */
import { type ByteString, toBytes } from "../os/bytes.ts";
import { SIGPIPE } from "../os/constants.ts";
import { unlessRefused } from "../os/errno.ts";
import { close, isOpen, readOrEnd, writeAll } from "../os/file.ts";
import { isIgnored, setDisposition } from "../os/signal.ts";
import { complain, Failure, orFatal } from "../cli/messages.ts";
import type { Context } from "../cli/tool.ts";
import { type Filter, pour } from "../stream/filter.ts";
import { connect, type Destination } from "./connect.ts";

/** What is asked, and where. */
export interface Question extends Destination {
  /** Its lines end in LF; they are sent with CR LF. */
  readonly request: ByteString;
}

/**
 * Sends the request and prints what `filters` make of the answer. Returns 0, even without a connection: these tools are
 * pipes, and their exit code is that of the end which prints.
 */
export function ask(
  context: Context,
  question: Question,
  filters: readonly [Filter, ...Filter[]],
): number {
  const isPrintable = isOpen(1);
  const ignored = isIgnored(SIGPIPE);
  const connection = connectOrComplain(context, question);
  if (connection === undefined) return 0;
  // Connecting has put /dev/null there; what cannot be printed is to be told.
  if (!isPrintable) close(1);
  // A server that doesn't listen may have said something all the same.
  unlessRefused(() => writeAll(connection, toBytes(question.request.replaceAll("\n", "\r\n"))));
  // Connecting has had SIGPIPE ignored; who reads no more of what is printed ends us.
  if (!ignored) setDisposition(SIGPIPE, "default");
  orFatal(
    context.name,
    "unable to write output",
    () => pour((buffer) => readOrEnd(connection, buffer), filters),
  );
  return 0;
}

function connectOrComplain(
  context: Context,
  destination: Destination,
): number | undefined {
  try {
    return connect(context, destination).socket;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.text !== "") complain(error.text);
    return undefined;
  }
}
