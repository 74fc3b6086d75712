// SPDX-License-Identifier: 0BSD
// Not tested: how the pages look.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { findProgram } from "../tests/harness/harness.ts";
import { ROOT } from "./root.ts";

const SCRIPT = ROOT + "scripts/pages.ts";

async function pages(...args: string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, ...args],
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "pages makes a web page of each manual page, and all links lead somewhere",
  ignore: findProgram("mandoc") === undefined,
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "djbox pages." });
    try {
      deepEqual(await pages(dir), { code: 0, stderr: "" });
      const files = [...Deno.readDirSync(dir)].map(({ name }) => name);
      ok(files.length > 40 && files.includes("svc.8.html") && files.includes("cdb.5.html"));
      for (const file of files) {
        const text = await Deno.readTextFile(`${dir}/${file}`);
        for (const [, target = ""] of text.matchAll(/ href="([^"#]+)"/g)) {
          ok(target.startsWith("https://") || files.includes(target), `${file}: ${target}`);
        }
      }
      const index = await Deno.readTextFile(`${dir}/index.html`);
      match(index, /<a class="Xr" href="svc.8.html">svc\(8\)<\/a><\/td><td>controls supervised/);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

Deno.test("pages says what is wrong", async () => {
  equal((await pages("a", "b")).stderr, "pages: usage: pages [ dir ]\n");
  const { code, stderr } = await pages("/dev/null/x");
  equal(code, 111);
  match(stderr, /^pages: fatal: .*\n$/);
});
