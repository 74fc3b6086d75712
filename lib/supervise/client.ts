// SPDX-License-Identifier: 0BSD
/**
 * The way from outside to whoever supervises a service directory: the FIFOs in supervise that svok(8), svstat(8) and svc(8) open.
 *
 * Nobody can open a FIFO for writing, without waiting, that nobody has open for reading: fifo(7), ENXIO. That is how the C
 * tools, too, find out whether a service is supervised.
 *
 * @module
 */
import { AT_FDCWD, O_NONBLOCK, O_WRONLY } from "../os/constants.ts";
import { close, open, setNonblocking } from "../os/file.ts";

/**
 * Makes sure that the service directory open at `at` is supervised.
 *
 * @throws SystemError ENXIO: it is not; ENOENT: it never was; others where it cannot be found out
 */
export function checkSupervised(at = AT_FDCWD): void {
  close(open("supervise/ok", O_WRONLY | O_NONBLOCK, 0, at));
}

/**
 * Opens the FIFO for command letters, of the service directory open at `at`. Who writes waits where it is full: somebody
 * reads it, or it could not have been opened.
 *
 * @throws SystemError ENXIO: nobody supervises it; others where it cannot be opened
 */
export function openControl(at: number): number {
  const fifo = open("supervise/control", O_WRONLY | O_NONBLOCK, 0, at);
  setNonblocking(fifo, false);
  return fifo;
}
