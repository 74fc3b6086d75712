// SPDX-License-Identifier: 0BSD
/**
 * deno task test [FILTER ...]: builds, installs into build/root, runs the tests (or the test files whose names hold
 * one of the FILTERs) and ends with the plain line `N passed, N failed, N skipped`.
 *
 * A test is skipped where root or a program is missing; with CI=true that counts as a failure of the run.
 *
 * @module
 */
import { V8_FLAGS } from "../lib/os/runtime.ts";
import { filesBelow, isTest } from "./house.ts";
import { ROOT } from "./root.ts";
import { buildAndInstall } from "./trial/installed.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(filters: readonly string[]): Promise<number> {
  if (everybodyMayEnter(ROOT)) return await buildAndTest(ROOT + "build/root", filters);
  // Tests run commands as other users too, who would not be let in (a checkout in /root).
  const root = await Deno.makeTempDir({ prefix: "djbox-root." });
  await Deno.chmod(root, 0o755);
  try {
    return await buildAndTest(root, filters);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function everybodyMayEnter(directory: string): boolean {
  const parts = directory.split("/").filter((part) => part !== "");
  return parts.every((_, at) => {
    const { mode } = Deno.statSync("/" + parts.slice(0, at + 1).join("/"));
    return ((mode ?? 0) & 0o005) === 0o005;
  });
}

async function buildAndTest(root: string, filters: readonly string[]): Promise<number> {
  if (!await buildAndInstall(root, "inherit")) return 1;
  const files = [...filesBelow(ROOT, "")].filter(isTest).map((file) => ROOT + file)
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
  if (files.length === 0) {
    console.error(`test: no file of tests has a name with ${filters.join(" or ")} in it`);
    return 1;
  }
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  // The lock is not the house's: whatever runs by deno task would fetch what is in it, a build too.
  const lock = [`--lock=${ROOT}tests/deno.lock`, "--frozen"];
  const flags = `--v8-flags=${V8_FLAGS}`;
  const args = ["test", "-A", "--no-check", flags, ...lock, "--junit-path", report, ...files];
  const code = await run(args, { DJBOX_COMMANDS: `${root}/command` });
  const { passed, skipped, ...counts } = count(await Deno.readTextFile(report));
  await Deno.remove(report);
  // A file that cannot be loaded is in no report.
  const failed = code === 0 ? counts.failed : Math.max(counts.failed, 1);
  const strict = Deno.env.get("CI") === "true";
  if (strict && skipped > 0) console.log(`in CI no test may be skipped: ${skipped} were`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 || (strict && skipped > 0) ? 1 : 0;
}

async function run(args: string[], env: Record<string, string> = {}): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env }).spawn().status;
  return code;
}

/** The totals in the report that the test runner wrote. */
function count(junit: string): { passed: number; failed: number; skipped: number } {
  const total = (attribute: string): number => {
    const match = new RegExp(`<testsuites[^>]* ${attribute}="(\\d+)"`).exec(junit);
    return Number(match?.[1] ?? 0);
  };
  const failed = total("failures") + total("errors");
  const skipped = (junit.match(/<skipped/g) ?? []).length;
  return { passed: total("tests") - failed - skipped, failed, skipped };
}
