// SPDX-License-Identifier: 0BSD
// The commands in README.md that are marked as tested. Not tested: building and installing (scripts/install_test.ts),
// booting.
import { documentTest } from "./harness/document.ts";

documentTest("README.md", async (machine) => {
  await machine.until(
    "svstat /etc/hello /etc/hello/log",
    /^(.*: supervise not running\n){2}$/,
  );
});
