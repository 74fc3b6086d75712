// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { filterTests } from "../harness/filter.ts";
import { toolTest } from "../harness/harness.ts";

filterTests({
  tool: "delcr",
  salt: "\r\nx",
  convert: (text) => text.replaceAll("\r\n", "\n"),
});

toolTest("delcr holds a CR back until it knows what follows", ["delcr"], async (box) => {
  const { stdout } = await box.sh(`
    mkfifo in; delcr <in >out & pid=$!
    exec 3>in
    printf 'one\\r' >&3; until grep -q one out; do sleep 0.01; done; wc -c <out
    printf '\\rtwo\\r' >&3; until grep -q two out; do sleep 0.01; done; wc -c <out
    printf '\\n\\r' >&3; exec 3>&-; wait $pid; od -An -c out`);
  equal(stdout, "3\n8\n   o   n   e  \\r  \\r   t   w   o  \\n  \\r\n");
});
