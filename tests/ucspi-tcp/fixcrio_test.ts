// SPDX-License-Identifier: 0BSD
import { equal } from "node:assert/strict";
import { toolTest } from "../harness/harness.ts";
import { Random } from "../harness/random.ts";
import { relayTests } from "../harness/relay.ts";

relayTests("fixcrio");

function fix(text: string): string {
  return text.replace(/(?<!\r)\n/g, "\r\n");
}

toolTest("fixcrio puts a CR before each LF that has none, both ways", ["fixcrio"], async (box) => {
  const random = new Random(1);
  for (const length of [1, 10, 1000, 300_000]) {
    const text = random.text(length, "\r\nx");
    await box.run(["fixcrio", "sh", "-c", "cat >got"], { stdin: text });
    equal(box.read("got") === fix(text), true);
    box.write("text", text);
    const outward = await box.run(["fixcrio", "cat", "text"]);
    equal(outward.stdout === fix(text), true);
  }
});

toolTest("fixcrio knows a CR that came by itself", ["fixcrio"], async (box) => {
  const { stdout } = await box.sh(`
    fixcrio sh -c 'printf "a\\r"; sleep 0.05; printf "\\nb"; sleep 0.05; printf "\\n\\n"' </dev/null |
      od -An -c`);
  equal(stdout, "   a  \\r  \\n   b  \\r  \\n  \\r  \\n\n");
});
