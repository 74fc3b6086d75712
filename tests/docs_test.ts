// SPDX-License-Identifier: 0BSD
// The commands in docs/ that are marked as tested, typed as they stand there, one document a machine.
import { documentTest } from "./harness/document.ts";

for (const name of ["first_service", "moving", "logs", "access"]) documentTest(`docs/${name}.md`);
