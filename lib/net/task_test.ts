// SPDX-License-Identifier: 0BSD
import { equal, ok } from "node:assert/strict";
import { EPOLLIN, EPOLLOUT } from "../os/constants.ts";
import { ENOSPC, SystemError } from "../os/errno.ts";
import { Loop } from "../os/loop.ts";
import { type Listener, Poller } from "../os/poll.ts";
import { socket } from "../os/socket.ts";
import { AwaitedSocket } from "./task.ts";

/** A user who may have one descriptor in epoll sets, and somebody else takes the place as soon as it is free. */
class OnePlace extends Poller {
  #taken = false;

  override add(fd: number, listener: Listener, events?: number): void {
    if (this.#taken) throw new SystemError(ENOSPC, "epoll_ctl");
    this.#taken = true;
    super.add(fd, listener, events);
  }
}

Deno.test("a socket that has been waited for can be waited for again, whatever is left", () => {
  const loop = new Loop(undefined, new OnePlace());
  const awaited = new AwaitedSocket(loop);
  awaited.fd = socket("datagram");
  const never = (): void => ok(false);
  const came: string[] = [];
  awaited.await(EPOLLIN, 60_000, never, never);
  awaited.await(EPOLLOUT, 60_000, () => came.push("ready"), never);
  loop.turn();
  awaited.await(EPOLLIN, 1, never, () => came.push("late"));
  while (came.length < 2) loop.turn();
  equal(came.join(), "ready,late");
  awaited.close();
});
