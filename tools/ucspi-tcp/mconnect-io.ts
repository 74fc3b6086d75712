// SPDX-License-Identifier: 0BSD
/**
 * mconnect-io - copies between a network connection and a user
 *
 * Synopsis: mconnect-io
 *
 * Copies descriptor 0 to descriptor 7 with a CR before each LF, and at the same time descriptor 6 to descriptor 1 as
 * it is. It ends when descriptor 6 does, not before: not at the end of descriptor 0, and not when one of them can't
 * be written to. Arguments are ignored. It is the program that mconnect has tcpclient run.
 *
 * Exit codes: 0.
 *
 * See https://cr.yp.to/ucspi-tcp/mconnect.html
 *
 * @module
 */
import { SIGPIPE } from "../../lib/os/constants.ts";
import { descriptorOf } from "../../lib/os/process.ts";
import { setDisposition } from "../../lib/os/signal.ts";
import { sharedSink } from "../../lib/os/sink.ts";
import type { Context, Outcome, Tool } from "../../lib/cli/tool.ts";
import { relay } from "../../lib/net/relay.ts";
import { unchanged } from "../../lib/stream/filter.ts";
import { addCrs } from "../../lib/stream/line_ends.ts";

export const mconnectIo: Tool = { usage: "usage: mconnect-io", run };

function run({ inheritance }: Context): Outcome {
  const network = { reader: descriptorOf(inheritance, 6), writer: descriptorOf(inheritance, 7) };
  // What cannot be read has ended, and at that end so do we.
  if (network.reader < 0) return 0;
  setDisposition(SIGPIPE, "ignore");
  relay([
    {
      from: 0,
      to: sharedSink(network.writer),
      filter: addCrs(),
      atEnd: "goOn",
      whenBroken: "goOn",
    },
    {
      from: network.reader,
      to: sharedSink(1),
      filter: unchanged(),
      atEnd: "stop",
      whenBroken: "goOn",
    },
  ]);
  return 0;
}
