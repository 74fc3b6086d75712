// SPDX-License-Identifier: 0BSD
import { deepEqual, equal } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";

const TOOLS = ["mconnect-io"];

toolTest("mconnect-io adds CRs on the way out and none on the way in", TOOLS, async (box) => {
  const { stdout } = await box.sh(`
    mkfifo net user; mconnect-io 6<net 7>sent <user >shown & pid=$!
    exec 3>net 4>user
    printf 'a\\nb\\r\\nc' | tee /dev/fd/4 >&3
    until grep -q c shown && grep -q c sent; do sleep 0.01; done
    exec 3>&-; wait $pid; echo $?; od -An -c shown; od -An -c sent`);
  equal(
    stdout,
    "0\n   a  \\n   b  \\r  \\n   c\n   a  \\r  \\n   b  \\r  \\r  \\n   c\n",
  );
});

toolTest(
  "mconnect-io goes on where the user says no more or listens no more",
  TOOLS,
  async (box) => {
    const { stdout } = await box.sh(`
    mkfifo net
    { mconnect-io 6<net 7>sent </dev/null; echo $? >code; } | head -n 1 &
    exec 3>net
    echo one >&3; until [ "$(pgrep -c -P $$ head)" = 0 ]; do sleep 0.01; done
    yes | head -c 300000 >&3
    [ -e code ] && echo "too early"
    exec 3>&-; wait; until [ -s code ]; do sleep 0.01; done; cat code`);
    equal(stdout, "one\n0\n");
  },
);

toolTest(
  "mconnect-io ends with the network, not with a network that takes nothing",
  TOOLS,
  async (box) => {
    const { stdout } = await box.sh(`
    mkfifo net user
    mconnect-io 6<net 7>/dev/full <user & pid=$!
    exec 3>net 4>user
    yes | head -c 200000 >&4; echo still >&3
    kill -0 $pid; echo $?
    exec 3>&-; wait $pid; echo $?`);
    deepEqual(stdout.split("\n").sort(), ["", "0", "0", "still"]);
  },
);

toolTest("mconnect-io does not let one direction wait for the other", TOOLS, async (box) => {
  // Nobody reads 7: what goes out stands still. What comes in passes.
  const { stdout } = await box.sh(`
    mkfifo out in; exec 5<>out
    (yes | head -c 1000000; sleep 100) 2>/dev/null | mconnect-io 6<in 7>out | wc -c >count &
    head -c 1000000 /dev/zero >in; until [ -s count ]; do sleep 0.01; done; cat count`);
  equal(stdout, "1000000\n");
});

toolTest("mconnect-io without a connection is at its end", TOOLS, async (box) => {
  for (const closed of ["6<&- 7>&-", "6<&- 7>sent"]) {
    const { code, stdout } = await box.sh(`echo hello | timeout 20 mconnect-io ${closed}`);
    deepEqual([code, stdout], [0, ""], closed);
  }
});
