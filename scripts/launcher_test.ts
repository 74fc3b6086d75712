// SPDX-License-Identifier: 0BSD

// What the launcher hands on is read by the real runtime, in a script that writes its own
// /proc/self/* down. The architecture that this is not is run by qemu-user, where there is one.
//
// Not tested here: no /proc, no AT_EXECFN, paths near PATH_MAX.

import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CODE_OFFSET } from "../lib/os/elf.ts";
import type { Arch } from "../lib/os/listing.ts";
import { RUNTIME_VARIABLES } from "../lib/os/runtime.ts";
import { assembled, hasAssembler } from "../tests/harness/assembler.ts";
import { launcher, launcherSource } from "./launcher.ts";

const ARCHES: readonly Arch[] = ["x86_64", "aarch64"];

const FLAGS = [
  "run",
  "-A",
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  "--cached-only",
  "--no-code-cache",
  "--quiet",
];

/** Where STATE stands in the runtime's arguments; EXECFN and argv follow it. */
const STATE = 1 + FLAGS.length + 1;

/** HUP, INT, QUIT, USR1, USR2, ALRM, TERM, CHLD, PWR. */
const BLOCKED = [1, 2, 3, 10, 12, 14, 15, 17, 30];

/** A file, since descriptor 1 may be closed; byte strings, since argv and environ are bytes. */
const REPORTER = `
const strings = (path) =>
  new TextDecoder("latin1").decode(Deno.readFileSync(path)).split("\\0").slice(0, -1);
const status = (path) => Deno.readTextFileSync(path + "/status");
const tasks = [...Deno.readDirSync("/proc/self/task")].map((task) => task.name);
Deno.writeTextFileSync(
  new URL("report.json", import.meta.url),
  JSON.stringify({
    argv: strings("/proc/self/cmdline"),
    environ: strings("/proc/self/environ"),
    root: Deno.realPathSync("/proc/self/cwd/.") === "/",
    folders: [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name).filter((fd) => {
      try {
        return Deno.readLinkSync("/proc/self/fd/" + fd).includes("removed");
      } catch {
        return false;
      }
    }),
    masks: tasks.map((task) => status("/proc/self/task/" + task).match(/^SigBlk:\\s*(\\w+)/m)[1]),
  }),
);
`;

interface Report {
  argv: string[];
  environ: string[];
  /** Whether it works in the root, */
  root: boolean;
  /** and which descriptors it has of folders called "removed". */
  folders: string[];
  /** Each thread's signal mask in hexadecimal. */
  masks: string[];
}

/** What STATE says. */
interface State {
  limit: number;
  mask: bigint;
  folder: number;
  /** RLIMIT_DATA, RLIMIT_STACK, RLIMIT_AS; undefined: not raised. */
  raised: (number | undefined)[];
  closed: number;
  pipeIgnored: boolean;
}

/** A folder with a launcher, a runtime and the reporter. */
class Box implements AsyncDisposable {
  /** `emulator` is what the shell must put before the launcher's name, "" or a path and a space. */
  private constructor(readonly folder: string, readonly emulator: string) {}

  static async make(arch: Arch): Promise<Box> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "launcher_test" }));
    await Deno.writeFile(`${folder}/djbox`, launcher(arch), { mode: 0o755 });
    await Deno.mkdir(`${folder}/runtime`);
    await Deno.symlink(Deno.execPath(), `${folder}/runtime/deno`);
    await Deno.writeTextFile(`${folder}/runtime/djbox.js`, REPORTER);
    return new Box(folder, arch === Deno.build.arch ? "" : `${find(`qemu-${arch}`)} `);
  }

  /** The launcher as a shell command. */
  get run(): string {
    return `${this.emulator}${this.folder}/djbox`;
  }

  /** A shell command that starts the launcher with an argv[0]. */
  execAs(name: string): string {
    return this.emulator === ""
      ? `exec -a ${name} ${this.run}`
      : `exec ${this.emulator} -0 ${name} ${this.folder}/djbox`;
  }

  async shell(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const { code, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script] })
      .output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  /** Runs a shell script that starts the launcher, and gives what the runtime has got. */
  async report(script: string): Promise<Report> {
    const { code, stderr } = await this.shell(script);
    strictEqual(code, 0, stderr);
    return JSON.parse(await Deno.readTextFile(`${this.folder}/runtime/report.json`));
  }

  async state(script: string): Promise<State> {
    const { argv } = await this.report(script);
    const state = argv[STATE] ?? "";
    const [, limit, mask, folder, limits, closed, pipe] =
      state.match(/^([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{48})([0-7])([01])$/) ?? [];
    ok(limit !== undefined && mask !== undefined && closed !== undefined, `STATE is ${state}`);
    return {
      limit: parseInt(limit, 16),
      mask: BigInt("0x" + mask),
      folder: Number("0x" + folder),
      raised: (limits?.match(/.{16}/g) ?? []).map((digits) =>
        digits === "f".repeat(16) ? undefined : parseInt(digits, 16)
      ),
      closed: parseInt(closed, 16),
      pipeIgnored: pipe === "1",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The path of a program in PATH. */
function find(program: string): string | undefined {
  const files = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${program}`);
  return files.find((file) => {
    try {
      return Deno.statSync(file).isFile;
    } catch {
      return false;
    }
  });
}

function setOf(signals: readonly number[]): bigint {
  return signals.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
}

for (const arch of ARCHES) {
  const native = arch === Deno.build.arch;

  Deno.test(`launcher(${arch}) has the header of a static executable`, () => {
    const file = launcher(arch);
    const view = new DataView(file.buffer);
    const u64 = (at: number): number => Number(view.getBigUint64(at, true));
    strictEqual(view.getUint32(0), 0x7f454c46);
    deepStrictEqual([...file.subarray(4, 16)], [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    strictEqual(view.getUint16(16, true), 2, "ET_EXEC");
    strictEqual(view.getUint16(18, true), arch === "x86_64" ? 62 : 183);
    strictEqual(view.getUint16(54, true), 56, "e_phentsize");
    strictEqual(view.getUint16(56, true), 2, "e_phnum");
    strictEqual(view.getUint16(60, true), 0, "e_shnum");

    const load = u64(32);
    strictEqual(view.getUint32(load, true), 1, "PT_LOAD");
    strictEqual(view.getUint32(load + 4, true), 5, "readable and executable, not writable");
    const [offset, address, fileSize, memorySize, align] = [8, 16, 32, 40, 48].map((at) =>
      u64(load + at)
    );
    strictEqual(offset, 0);
    strictEqual((address ?? 1) % 0x10000, 0, "on a page of any size");
    strictEqual(fileSize, file.length);
    strictEqual(memorySize, file.length);
    strictEqual(align, arch === "x86_64" ? 0x1000 : 0x10000);
    strictEqual(u64(24), (address ?? 0) + CODE_OFFSET, "e_entry");

    const stack = load + 56;
    strictEqual(view.getUint32(stack, true), 0x6474e551, "PT_GNU_STACK");
    strictEqual(view.getUint32(stack + 4, true), 6, "not executable");
    ok(file.length < 2048, `${file.length} bytes`);
  });

  Deno.test({
    name: `launcher(${arch}) has the bytes that the assembler makes of its text`,
    ignore: !hasAssembler(arch),
    async fn(): Promise<void> {
      const expected = await assembled(arch, launcherSource(arch));
      deepStrictEqual(launcher(arch).subarray(CODE_OFFSET), expected);
    },
  });

  /** A test of the running launcher. */
  const test = (name: string, fn: (box: Box) => Promise<void>): void =>
    Deno.test({
      name: `launcher(${arch}) ${name}`,
      ignore: !native && find(`qemu-${arch}`) === undefined,
      async fn(): Promise<void> {
        await using box = await Box.make(arch);
        await fn(box);
      },
    });

  test("keeps argv[0] and every argument as bytes", async (box) => {
    const { argv } = await box.report(
      box.execAs(`"-$(printf '\\377')who@"`) +
        ` "" "$(printf '\\244\\242\\376')" $'a\\nb' -x --help -- " "`,
    );
    deepStrictEqual(argv.with(STATE, ""), [
      `${box.folder}/runtime/deno`,
      ...FLAGS,
      `${box.folder}/runtime/djbox.js`,
      "", // STATE
      `${box.folder}/djbox`,
      "-\xffwho@",
      "",
      "\xa4\xa2\xfe",
      "a\nb",
      "-x",
      "--help",
      "--",
      " ",
    ]);
  });

  test("keeps the environment as bytes and in order, behind the variables for the runtime", async (box) => {
    const { environ } = await box.report(
      `B=$(printf '\\377\\376'); exec env -i "Z=$B" bad-name=1 "$B=x" EMPTY= A=2 ${box.run}`,
    );
    const expected = ["Z=\xff\xfe", "bad-name=1", "\xff\xfe=x", "EMPTY=", "A=2"];
    // qemu-user hands the environment to its guest last variable first.
    if (!native && environ.at(-1) !== "A=2") expected.reverse();
    deepStrictEqual(environ, [...RUNTIME_VARIABLES, ...expected]);
  });

  test("hides from the runtime what it would take orders from", async (box) => {
    const orders = ["DENO_X=1", "NODE_=2"];
    const others = ["DENO=DENO_", "NODE=", "DENOX_=1", "A=NODE_X", "D=", "NODE-_=3"];
    const { environ } = await box.report(
      `exec env -i ${[...orders, ...others].join(" ")} ${box.run}`,
    );
    const given = environ.slice(RUNTIME_VARIABLES.length).toSorted();
    deepStrictEqual(given, ["\xc4ENO_X=1", "\xceODE_=2", ...others].toSorted());
  });

  test("works with an empty environment", async (box) => {
    const { environ } = await box.report(`exec env -i ${box.run}`);
    deepStrictEqual(environ, [...RUNTIME_VARIABLES]);
  });

  test("works with a megabyte of arguments and of environment", async (box) => {
    const { argv, environ } = await box.report(
      `exec env $(seq -f v%.0f=0123456789 20000) ${box.run} $(seq 50000)`,
    );
    deepStrictEqual(argv.slice(STATE + 3), Array.from({ length: 50000 }, (_, i) => `${i + 1}`));
    strictEqual(environ.filter((entry) => /^v\d+=0123456789$/.test(entry)).length, 20000);
  });

  test("passes no argv[0] when there is none", async (box) => {
    // A kernel since 5.18 makes up an argv[0], so code in front of the launcher's makes the stack
    // as it was before: of argc = 2 and two arguments to argc = 0 and none.
    const code = arch === "x86_64"
      ? [
        ...[0x48, 0x83, 0xc4, 16], // add rsp, 16
        ...[0x48, 0xc7, 0x04, 0x24, 0, 0, 0, 0], // mov qword ptr [rsp], 0
        0xe9, // jmp, with 4 bytes of distance
      ]
      : [
        ...[0xff, 0x43, 0x00, 0x91], // add sp, sp, 16
        ...[0xff, 0x03, 0x00, 0xf9], // str xzr, [sp]
      ];
    const plain = launcher(arch);
    const end = plain.length + (-plain.length & 3);
    const file = new Uint8Array(end + code.length + 4);
    file.set(plain);
    file.set(code, end);
    const view = new DataView(file.buffer);
    const distance = CODE_OFFSET - end - code.length;
    if (arch === "x86_64") view.setInt32(end + code.length, distance - 4, true);
    else view.setUint32(end + code.length, 0x14000000 | ((distance >> 2) & 0x3ffffff), true);
    view.setBigUint64(24, view.getBigUint64(24, true) + BigInt(end - CODE_OFFSET), true);
    for (const size of [64 + 32, 64 + 40]) view.setBigUint64(size, BigInt(file.length), true);
    await Deno.writeFile(`${box.folder}/djbox`, file);

    const { argv, environ } = await box.report(`A_VARIABLE=1 exec ${box.run} argument`);
    deepStrictEqual(argv.slice(STATE + 1), [`${box.folder}/djbox`]);
    ok(environ.includes("A_VARIABLE=1"));
  });

  test("finds the runtime beside the file that a symbolic link leads to", async (box) => {
    await Deno.mkdir(`${box.folder}/command`);
    await Deno.symlink("../djbox", `${box.folder}/command/svstat`);
    const { argv } = await box.report(
      `cd ${box.folder}/command; exec ${box.emulator}./svstat /service/x`,
    );
    strictEqual(argv[0], `${box.folder}/runtime/deno`);
    strictEqual(argv[STATE - 1], `${box.folder}/runtime/djbox.js`);
    // bash makes the name of the file absolute, qemu-user does not.
    strictEqual(argv[STATE + 1]?.replace(/.*\//, ""), "svstat");
    deepStrictEqual(argv.slice(STATE + 2), ["./svstat", "/service/x"]);
  });

  // qemu-user does not search PATH.
  if (native) {
    test("tells the file that PATH led to from argv[0]", async (box) => {
      const { argv } = await box.report(`PATH=${box.folder}:$PATH; exec djbox list`);
      deepStrictEqual(argv.slice(STATE + 1), [`${box.folder}/djbox`, "djbox", "list"]);
    });
  }

  test("records the soft limit of open files", async (box) => {
    strictEqual((await box.state(`ulimit -Sn 333; exec ${box.run}`)).limit, 333);
  });

  test("raises the soft limits of memory, and records them", async (box) => {
    deepStrictEqual((await box.state(`exec ${box.run}`)).raised, [undefined, undefined, undefined]);
    // qemu-user keeps the limits of address space from its guest.
    if (!native) return;
    const limits = "ulimit -Sd 3000; ulimit -Ss 200; ulimit -Sv 4000";
    const { raised } = await box.state(`${limits}; exec ${box.run}`);
    deepStrictEqual(raised, [3000 * 1024, 200 * 1024, 4000 * 1024]);
    // As far as the hard limit lets it.
    const { raised: stack } = await box.state(`ulimit -Hs 4096; ulimit -Ss 200; exec ${box.run}`);
    deepStrictEqual(stack, [undefined, 200 * 1024, undefined]);
  });

  // What ulimit takes: kilobytes, but for -n. The first figure is the launcher's; the second leaves the runtime room.
  const hardLimits = [
    ["n", "open files", 12, 20],
    ["d", "data", arch === "x86_64" ? 520 * 1024 : 128 * 1024, 1024 ** 2],
    ["s", "the stack", 400, 1024],
    ["v", "address space", 32 * 1024 ** 2, 80 * 1024 ** 2],
  ] as const;
  for (const [option, what, least, enough] of hardLimits) {
    // qemu-user keeps the limits of memory from its guest.
    if (!native && option !== "n") continue;
    test(`says so and exits 111 where the hard limit of ${what} is too low for the runtime`, async (box) => {
      const limit = (value: number): string =>
        `ulimit -S${option} ${value}; ulimit -H${option} ${value}`;
      deepStrictEqual(await box.shell(`${limit(least - 1)}; exec ${box.run}`), {
        code: 111,
        stdout: "",
        stderr:
          `djbox: fatal: unable to start: hard limit of ${what} is too low (ulimit -H${option})\n`,
      });
      await Deno.writeTextFile(`${box.folder}/nothing.js`, "Deno.exit(0)");
      const bare = `${box.folder}/runtime/deno ${FLAGS.join(" ")} ${box.folder}/nothing.js`;
      const { code } = await box.shell(`${limit(least - 1)}; exec ${bare}`);
      notStrictEqual(code, 0, "the launcher refuses what the runtime can do with");
      if (native) await box.report(`${limit(enough)}; exec ${box.run}`);
    });
  }

  test("leaves a working directory that was removed, and a descriptor of it", async (box) => {
    strictEqual((await box.state(`cd ${box.folder}; exec ${box.run}`)).folder, 0);
    const removed = `mkdir ${box.folder}/removed; cd ${box.folder}/removed; rmdir $PWD`;
    for (const redirections of ["", "<&- >&- 2>&-"]) {
      const start = `${removed}; exec ${box.run} ${redirections}`;
      const { folder } = await box.state(start);
      ok(folder >= 10);
      const { folders, root } = await box.report(start);
      deepStrictEqual([folders, root], [[String(folder)], true]);
    }
  });

  test("records which of the descriptors 0 to 2 are closed", async (box) => {
    for (
      const [redirections, closed] of [
        ["", 0],
        ["<&-", 1],
        [">&-", 2],
        ["2>&-", 4],
        ["<&- 2>&-", 5],
        ["<&- >&- 2>&-", 7],
      ] as const
    ) {
      strictEqual((await box.state(`exec ${box.run} ${redirections}`)).closed, closed);
    }
  });

  test("records whether SIGPIPE is ignored", async (box) => {
    strictEqual((await box.state(`exec ${box.run}`)).pipeIgnored, false);
    strictEqual((await box.state(`trap '' PIPE; exec ${box.run}`)).pipeIgnored, true);
  });

  test("records the signal mask, and blocks djbox's signals in every thread", async (box) => {
    const usr1 = 10;
    const winch = 28;
    const start = `exec env --block-signal=USR1,WINCH ${box.run}`;
    strictEqual((await box.state(start)).mask, setOf([usr1, winch]));

    const { masks } = await box.report(start);
    const expected = setOf([...BLOCKED, winch]);
    ok(masks.length > 1, "the runtime has threads");
    for (const mask of masks) strictEqual(BigInt("0x" + mask) & expected, expected, mask);
    strictEqual(BigInt("0x" + masks[0]), expected);
  });

  test("says so and exits 111 when there is no runtime", async (box) => {
    await Deno.remove(`${box.folder}/runtime/deno`);
    deepStrictEqual(await box.shell(`exec ${box.run} list`), {
      code: 111,
      stdout: "",
      stderr: "djbox: fatal: unable to run the runtime beside it (runtime/deno)\n",
    });
  });
}
