// SPDX-License-Identifier: 0BSD
// Not tested here: RLIMIT_RSS has no effect in Linux; the limit of processes does not bind root.
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Box, type Result, toolTest } from "../harness/harness.ts";
import { talk } from "../harness/network.ts";
import { HAS_BUNDLE } from "../harness/release.ts";
import { end, serve } from "../harness/tcpserver.ts";
import { wrapperTests } from "../harness/wrapper.ts";

wrapperTests({ tool: "softlimit", args: ["-p", "5000"] });

const USAGE = "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] " +
  "[-f filebytes] [-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] " +
  "[-s stackbytes] [-t cpusecs] child\n";

/** The resources that the options are about, as /proc/PID/limits calls them. */
const RESOURCES: Readonly<Record<string, string>> = {
  a: "Max address space",
  c: "Max core file size",
  d: "Max data size",
  f: "Max file size",
  l: "Max locked memory",
  o: "Max open files",
  p: "Max processes",
  r: "Max resident set",
  s: "Max stack size",
  t: "Max cpu time",
};

/** Soft and hard limits by option letter, of a program started by `line`; `before` is done first. */
async function limits(
  box: Box,
  line: string,
  before = "",
): Promise<Record<string, [soft: string, hard: string]>> {
  const { code, stdout, stderr } = await box.sh(`${before} exec ${line} cat /proc/self/limits`);
  deepEqual([code, stderr], [0, ""]);
  const found: Record<string, [string, string]> = {};
  for (const [letter, resource] of Object.entries(RESOURCES)) {
    const line = stdout.split("\n").find((text) => text.startsWith(resource)) ?? "";
    const [soft = "", hard = ""] = line.slice(resource.length).trim().split(/\s+/);
    found[letter] = [soft, hard];
  }
  return found;
}

/** Like `limits`, but only the soft ones, of those options that differ from the plain start's. */
async function changed(box: Box, line: string, before = ""): Promise<Record<string, string>> {
  const plain = await limits(box, "", before);
  const now = await limits(box, line, before);
  const different: Record<string, string> = {};
  for (const letter of Object.keys(RESOURCES)) {
    const [soft = "", hard] = now[letter] ?? [];
    equal(hard, plain[letter]?.[1], `hard limit of -${letter}`);
    if (soft !== plain[letter]?.[0]) different[letter] = soft;
  }
  return different;
}

toolTest("softlimit sets the soft limit that the option names", ["softlimit"], async (box) => {
  for (
    const [letter, number] of Object.entries({
      a: "500000000",
      c: "4096",
      d: "10240000",
      f: "10240",
      l: "65536",
      o: "50",
      p: "77",
      r: "2048000",
      s: "1024000",
      t: "33",
    })
  ) {
    const before = "ulimit -S -c 1;";
    deepEqual(await changed(box, `softlimit -${letter} ${number}`, before), { [letter]: number });
  }
});

toolTest("softlimit -m sets four limits; the last option counts", ["softlimit"], async (box) => {
  const before = "ulimit -l 4096; ulimit -S -c 1;";
  deepEqual(await changed(box, "softlimit -m 40960000 -l 65536", before), {
    a: "40960000",
    d: "40960000",
    l: "65536",
    s: "40960000",
  });
  deepEqual(await changed(box, "softlimit -a5 -m409600000 -l 1 -l65536 -c '' -p 60", before), {
    a: "409600000",
    c: "0",
    d: "409600000",
    l: "65536",
    p: "60",
    s: "409600000",
  });
});

toolTest(
  "softlimit never goes above the hard limit, and = means it",
  ["softlimit"],
  async (box) => {
    const before = "ulimit -S -n 300; ulimit -H -n 900; ulimit -S -t 400; ulimit -H -t 500;";
    deepEqual(await changed(box, "softlimit -o 100000 -t =", before), { o: "900", t: "500" });
    deepEqual(await changed(box, "softlimit -o= -t 99999999999999999999", before), {
      o: "900",
      t: "500",
    });
    deepEqual(await changed(box, "softlimit -t 18446744073709551615", before), { t: "500" });
    // scan_ulong.c: 2 to the power of 64 and 5
    deepEqual(await changed(box, "softlimit -c 18446744073709551621", "ulimit -S -c 1;"), {
      c: "5",
    });
  },
);

toolTest("softlimit after softlimit sees what that has set", ["softlimit"], async (box) => {
  const before = "ulimit -S -n 300; ulimit -H -n 900;";
  deepEqual(await changed(box, "softlimit -o 50 softlimit -p 40", before), { o: "50", p: "40" });
  deepEqual(await changed(box, "softlimit -o 50 softlimit -o 800", before), { o: "800" });
  deepEqual(await changed(box, "softlimit -o 50 softlimit -o =", before), { o: "900" });
});

toolTest("softlimit wants numbers and a program", ["softlimit"], async (box) => {
  const usage = { code: 100, stdout: "", stderr: USAGE };
  const prefixed = (text: string): Result => ({ ...usage, stderr: `softlimit: ${text}\n${USAGE}` });
  deepEqual(await box.run(["softlimit"]), usage);
  deepEqual(await box.run(["softlimit", "-o", "50"]), usage);
  deepEqual(await box.run(["softlimit", "-o", "50", "--"]), usage);
  deepEqual(await box.run(["softlimit", "-q", "5", "echo"]), prefixed("illegal option -- q"));
  deepEqual(await box.run(["softlimit", "-o"]), prefixed("option requires an argument -- o"));
  for (const number of ["abc", "-1", "12abc", "0x10", "1.5", "=5", " 5", "5 ", "1k", "\n", "5\n"]) {
    deepEqual(await box.run(["softlimit", "-o", number, "echo", "ran"]), usage, number);
  }
  // Options are taken one after the other.
  deepEqual(await box.run(["softlimit", "-o", "x", "-q"]), usage);
  deepEqual(await box.run(["softlimit", "-q", "-o", "x"]), prefixed("illegal option -- q"));
});

toolTest("softlimit needs no option", ["softlimit"], async (box) => {
  deepEqual(await changed(box, "softlimit"), {});
  deepEqual(await changed(box, "softlimit --"), {});
  deepEqual(await changed(box, "softlimit --anything"), {});
});

toolTest("softlimit -f ends a file at exactly that size", ["softlimit"], async (box) => {
  equal((await box.sh("exec softlimit -f 1234 dd if=/dev/zero of=big bs=5000 count=1")).code, 153);
  equal((await box.sh("exec softlimit -f 0 sh -c 'echo x >none'")).code, 153);
  equal(box.read("big").length, 1234);
  equal(box.read("none").length, 0);
});

toolTest("softlimit binds the tool that comes next", ["softlimit", "multilog"], async (box) => {
  const { stdout } = await box.sh(`mkfifo in
    softlimit -c 0 -f 8192 -l 65536 -r 77000000 -t 7 multilog ./log <in & exec 3>in
    until [ -e log/lock ]; do sleep 0.01; done
    grep -E 'core|file size|locked|resident|cpu' /proc/$!/limits | sed 's/  */ /g' | sort
    seq 10000 >&3; exec 3>&-; wait $!; echo $?`);
  deepEqual(stdout.split("\n").map((line) => line.split(" ").slice(0, -3).join(" ")), [
    "Max core file size 0",
    "Max cpu time 7",
    "Max file size 8192",
    "Max locked memory 65536",
    "Max resident set 77000000",
    "",
    "",
  ]);
  equal(stdout.trimEnd().split("\n").at(-1), "153");
  equal(box.read("log/current").length, 8192);
});

/** Puts limits of memory on programs that are tools of djbox, started by another process. */
function memoryTest(name: string, tools: string[], body: (box: Box) => Promise<void>): void {
  // The compiled form has no launcher: docs/deviations.md.
  if (HAS_BUNDLE) toolTest(name, tools, body);
}

memoryTest(
  "a limit of memory binds programs, not the tools that start them, whoever starts those",
  ["softlimit", "envdir", "fghack"],
  async (box) => {
    Deno.mkdirSync(`${box.dir}/env`);
    const line = "Max address space *30000000 ";
    for (
      const command of [
        `sh -c 'exec envdir env grep "${line}" /proc/self/limits'`,
        `fghack envdir env grep "${line}" /proc/self/limits`,
        `env envdir env sh -c 'exec envdir env grep "${line}" /proc/self/limits'`,
      ]
    ) {
      const { code, stderr } = await box.sh(`exec softlimit -m 30000000 ${command}`);
      deepEqual([code, stderr], [0, ""], command);
    }
    // And one that is put on top of it.
    const { stdout } = await box.sh(
      `softlimit -a 40000000 sh -c 'exec softlimit -s 77000 envdir env cat /proc/self/limits' |
      grep -E 'stack|address' | sed 's/  */ /g' | cut -d' ' -f1-4`,
    );
    equal(stdout, "Max stack size 77000\nMax address space 40000000\n");
  },
);

memoryTest(
  "tools of djbox run under tcpserver's limits of memory, and under supervise's",
  ["softlimit", "tcpserver", "setlock", "supervise"],
  async (box) => {
    const line = "Max address space *30000000 ";
    const program = ["setlock", "lock", "grep", line, "/proc/self/limits"];
    const server = await serve(box, ["-RHl0", "127.0.0.1", "0", ...program], {
      shell: 'exec softlimit -m 30000000 "$@"',
    });
    equal(/^Max address/.test(await talk("127.0.0.1", server.port)), true);
    await end(server);
    box.script("s/run", `exec >told; exec setlock lock grep '${line}' /proc/self/limits`);
    const started = box.start(["softlimit", "-m", "30000000", "supervise", "s"]);
    await box.until("it has run", () => box.read("s/told") !== "");
    await box.run(["svc", "-dx", "s"]);
    equal(await started.ended, 0);
  },
);

toolTest("softlimit -o leaves so many descriptors", ["softlimit"], async (box) => {
  const { stdout } = await box.sh("softlimit -o 5 sh -c 'exec 3<&0 4<&0; echo ok; exec 5<&0'");
  equal(stdout, "ok\n");
});

toolTest("softlimit takes limits far too small for a program", ["softlimit"], async (box) => {
  deepEqual(await box.run(["softlimit", "-m", "4000000", "/bin/true"]), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  // The kernel ends a program that it cannot load.
  const { code } = await box.run(["softlimit", "-a", "1000", "true"]);
  ok(code === 139 || code === 137, `exit ${code}`);
});

toolTest("softlimit that cannot run the program says so", ["softlimit"], async (box) => {
  for (const option of ["-m100", "-a0", "-o0", "-s0", "-d0", "-p0", "-f100000", "-l0", "-t1"]) {
    deepEqual(await box.run(["softlimit", option, "./missing"]), {
      code: 111,
      stdout: "",
      stderr: "softlimit: fatal: unable to run ./missing: file does not exist\n",
    }, option);
  }
});
