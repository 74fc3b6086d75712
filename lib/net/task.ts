// SPDX-License-Identifier: 0BSD
/**
 * What questions to name servers and IDENT servers are while there is no answer.
 *
 * @module
 */

/** Something under way that can be given up. */
export interface Task {
  /** Gives it up: nobody is told anything any more. */
  cancel(): void;
}
