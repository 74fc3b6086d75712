// SPDX-License-Identifier: 0BSD
/**
 * Where the house stands.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The folder that has README.md in it, with a slash at the end. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));
