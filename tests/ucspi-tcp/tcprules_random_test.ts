// SPDX-License-Identifier: 0BSD
// Random rules, right ones and wrong ones: the cdb is C's byte for byte, or the complaint is C's.
// By hand: DJBOX_ROUNDS=100000 deno task test tcprules_random
import { deepEqual } from "node:assert/strict";
import { RuleError } from "../../lib/net/rule_compiler.ts";
import { readFile } from "../../lib/os/file.ts";
import { COMMANDS, cTool, fromLatin1, latin1 } from "../harness/harness.ts";
import { Random, roundsOf } from "../harness/random.ts";
import { compileInto } from "../harness/rules.ts";

const C = cTool("tcprules");
const ODD = "0123456789.-=@: \t#,\"/'aldeonwyA\0\r\xff";
const ADDRESS = "0123456789.....-=@ab";

/** IPv6 and networks (tcprules_ipv6_test.ts has them), and a NUL, which C takes for the end of a variable later on. */
const NOT_IN_C = /^[^\n]*[:/][^\n]*:(allow|deny)|:(allow|deny).*\0/;

function address(random: Random): string {
  const number = (): string => String(random.below(random.once(20) ? 400 : 256));
  switch (random.below(8)) {
    case 0:
      return "";
    case 1:
      return `=${random.once(2) ? "." : ""}${random.text(random.below(9), "abc-.")}`;
    case 2:
      return `${random.text(random.below(5), "jo-e")}@${number()}.${number()}.`;
    case 3:
      return random.text(random.below(10), ADDRESS);
    case 4:
      return `${number()}.${number()}-${number()}.`;
    case 5:
      return `${number()}.${number()}.${number()}.${random.below(9)}-${random.below(20)}`;
    default:
      return `${number()}.${number()}.${number()}.${random.once(3) ? "" : number()}`;
  }
}

function variable(random: Random): string {
  const quote = random.pick('""""""""/\'x ,=\t');
  const value = random.text(random.below(12), "abc -/'x\xe9").replaceAll(quote, "");
  return `,${random.text(random.below(6), "ABC_9,")}=${quote}${value}${quote}`;
}

function line(random: Random, errors: boolean): string {
  if (random.once(12)) return random.pick(["", "# a:deny", "  ", "no colon", "\t#"]);
  let text = `${address(random)}:${random.pick(["allow", "allow", "deny"])}`;
  while (random.once(3)) text += variable(random);
  if (errors && random.once(8)) {
    const at = random.below(text.length + 1);
    text = text.slice(0, at) + random.text(random.below(3), ODD) + text.slice(at + random.below(3));
  }
  if (random.once(10)) text += random.text(random.below(4), " \t");
  return NOT_IN_C.test(text) ? "" : text;
}

function rules(random: Random): string {
  const errors = random.once(2);
  const lines = Array.from({ length: random.below(40) }, () => line(random, errors));
  return lines.join("\n") + (random.once(4) ? "" : "\n");
}

interface Compiled {
  readonly complaint: string;
  readonly cdb: string;
}

function byC(program: string, input: string, directory: string): Compiled {
  Deno.writeFileSync(`${directory}/rules`, latin1(input));
  const { code, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", `rm -f c.cdb; exec "${program}" c.cdb c.tmp <rules`],
    cwd: directory,
  }).outputSync();
  if (code === 0) {
    return { complaint: "", cdb: fromLatin1(Deno.readFileSync(directory + "/c.cdb")) };
  }
  return { complaint: fromLatin1(stderr), cdb: "" };
}

/** Ours without a process; the input comes in pieces, as from a slow pipe. */
function byUs(input: string, directory: string, random: Random): Compiled {
  const file = directory + "/ours.cdb";
  try {
    compileInto(file, input, () => 1 + random.below(200));
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    return { complaint: `tcprules: fatal: ${error.message}\n`, cdb: "" };
  }
  return { complaint: "", cdb: fromLatin1(readFile(file)) };
}

Deno.test({
  name: "tcprules makes of random rules what C makes of them",
  ignore: C === undefined,
  fn(): void {
    const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
    try {
      for (let seed = 0; seed < roundsOf(500); seed++) {
        const random = new Random(seed);
        const input = rules(random);
        deepEqual(byUs(input, directory, random), byC(C ?? "", input, directory), `seed ${seed}`);
      }
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  name: "the command tcprules makes of random rules what C makes of them",
  ignore: C === undefined,
  fn(): void {
    const directory = Deno.makeTempDirSync({ prefix: "djbox-test." });
    try {
      for (let seed = 0; seed < 20; seed++) {
        const input = rules(new Random(1e6 + seed));
        deepEqual(
          byC(`${COMMANDS}/tcprules`, input, directory),
          byC(C ?? "", input, directory),
          `seed ${seed}`,
        );
      }
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});
