// SPDX-License-Identifier: 0BSD
/*
 * multilog's actions and its log directory. What happens when it is killed, told to leave or short of space is in
 * multilog_crash_test.ts, and multilog_differential_test.ts compares files with the C tool's. Not tested: running
 * out of memory, system calls that fail for other reasons than a full disk.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Fifo } from "../harness/fifo.ts";
import { type Box, fromLatin1, latin1, toolTest } from "../harness/harness.ts";

const STAMP = /@40000000[0-9a-f]{16}/g;

function withoutStamps(text: string): string {
  return text.replace(STAMP, "@T");
}

function namesIn(box: Box, directory: string): string[] {
  return [...Deno.readDirSync(`${box.dir}/${directory}`)].map(({ name }) => name).sort();
}

function hasWritten(box: Box, text: string): boolean {
  return namesIn(box, ".").includes("log") && box.read("log/current") === text;
}

function mode(box: Box, path: string): string {
  return ((Deno.statSync(`${box.dir}/${path}`).mode ?? 0) & 0o7777).toString(8);
}

toolTest("multilog shows a line as soon as it is complete", ["multilog"], async (box) => {
  const fifo = new Fifo(box);
  const multilog = fifo.feed(box, ["multilog", "t", "./log"]);
  let expected = "";
  for (const line of ["one", "", "x".repeat(900)]) {
    await fifo.write(line.slice(0, 10));
    await fifo.write(line.slice(10) + "\n");
    expected += `@T ${line}\n`;
    await box.until("it is there", () => withoutStamps(box.read("log/current")) === expected);
  }
  equal(mode(box, "log/current"), "644");
  fifo.close();
  equal(await multilog.ended, 0);
  equal(mode(box, "log/current"), "744");
});

toolTest(
  "multilog holds the beginning of a line back, but not of a long one",
  ["multilog"],
  async (box) => {
    const fifo = new Fifo(box);
    const multilog = fifo.feed(box, ["multilog", "-*", "+*y", "./short", "+x*", "./long"]);
    await box.until(
      "it runs",
      () =>
        box.read("long/lock") === "" && namesIn(box, ".").includes("long") &&
        namesIn(box, "long").includes("current"),
    );
    await fifo.write("a whole line, y\n" + "x".repeat(999));
    await box.until("the whole line is there", () => box.read("long/current") !== "");
    equal(box.read("short/current"), "a whole line, y\n");
    equal(box.read("long/current"), "a whole line, y\n");
    await fifo.write("x");
    // Now it is settled what it is: it goes on to where it is selected while it still comes.
    await box.until("the long one is there", () => box.read("long/current").length === 1016);
    await fifo.write("more");
    await box.until("more of it is there", () => box.read("long/current").endsWith("xmore"));
    await fifo.write("y\n");
    await box.until("its end is there", () => box.read("long/current").endsWith("xmorey\n"));
    equal(box.read("short/current"), "a whole line, y\n");
    fifo.close();
    equal(await multilog.ended, 0);
  },
);

toolTest(
  "multilog passes lines of megabytes on, whatever selects them",
  ["multilog"],
  async (box) => {
    const long = "begin " + "x".repeat(1_000_000);
    const stdin = `${long}\nshort\n${long}\nbegin`;
    const script = [
      "s16777215",
      "./all",
      "-*",
      "+begin*",
      "./long",
      "=status",
      "-*",
      "+short",
      "./short",
    ];
    equal((await box.run(["multilog", ...script], { stdin })).code, 0);
    ok(box.read("all/current") === stdin + "\n");
    ok(box.read("long/current") === `${long}\n${long}\nbegin\n`);
    equal(box.read("short/current"), "short\n");
    equal(box.read("status"), "begin".padEnd(1001, "\n"));
    equal((await box.run(["multilog", "t", "s16777215", "./stamped"], { stdin })).code, 0);
    ok(
      withoutStamps(box.read("stamped/current")) === `@T ${long}\n@T short\n@T ${long}\n@T begin\n`,
    );
  },
);

toolTest("multilog prints alerts in the order of the lines", ["multilog"], async (box) => {
  const stdin = "a\nb\nc\n" + "d".repeat(201) + "\n" + "e".repeat(200);
  deepEqual(await box.run(["multilog", "-a", "e", "+a", "-b", "e"], { stdin }), {
    code: 0,
    stdout: "",
    stderr: `a\nb\nc\nc\n${`${"d".repeat(200)}...\n`.repeat(2)}${`${"e".repeat(200)}\n`.repeat(2)}`,
  });
});

toolTest("multilog prints more alerts than fit into one write", ["multilog"], async (box) => {
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i} ${"x".repeat(i % 230)}`);
  const { stderr } = await box.run(["multilog", "e"], { stdin: lines.join("\n") + "\n" });
  const alerts = lines.map((line) => line.length > 200 ? line.slice(0, 200) + "..." : line);
  equal(stderr, alerts.join("\n") + "\n");
});

toolTest("multilog keeps the latest line in a status file, whichever action selects it", [
  "multilog",
], async (box) => {
  const script = ["-*", "+a*", "=st", "-*", "+b*", "=st"];
  for (
    const [stdin, latest] of [["a1\nb1\n", "b1"], ["b2\na2\n", "a2"], ["a3\nb3\na4", "a4"], [
      "c\n",
      "a4",
    ]]
  ) {
    await box.run(["multilog", ...script], { stdin });
    equal(box.read("st"), (latest as string).padEnd(1001, "\n"));
  }
});

toolTest(
  "multilog writes to many directories, each with its own selection",
  ["multilog"],
  async (box) => {
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`);
    const script = ["s16777215"];
    for (let i = 0; i < 40; i++) script.push("-*", `+* *${i % 10}`, `./log${i}`);
    const { code } = await box.run(["multilog", ...script], { stdin: lines.join("\n") });
    equal(code, 0);
    for (let i = 0; i < 40; i++) {
      // A star ends at the first occurrence of what is behind it.
      const wanted = lines.filter((line) => line.indexOf(`${i % 10}`) === line.length - 1);
      equal(box.read(`log${i}/current`), wanted.map((line) => line + "\n").join(""));
    }
  },
);

toolTest("multilog's stamps rise strictly", ["multilog"], async (box) => {
  const stdin = "x\n".repeat(100_000);
  await box.run(["multilog", "t", "n1000", "./log"], { stdin });
  const old = namesIn(box, "log").filter((name) => name.startsWith("@"));
  const all = [...old, "current"].flatMap((name) => box.read(`log/${name}`).match(STAMP) ?? []);
  equal(all.length, 100_000);
  ok(all.every((stamp, i) => i === 0 || stamp > (all[i - 1] as string)));
  const now = BigInt(Math.floor(Date.now() / 1000)) + 2n ** 62n + 10n;
  const last = BigInt("0x" + (all.at(-1) as string).slice(1, 17));
  ok(now - last < 60n && now - last >= -1n);
}, { djboxOnly: "the C tool's clock has microseconds, and stamps of a flood can be equal" });

toolTest("multilog waits for input that is not there yet on a descriptor that does not block", [
  "multilog",
], async (box) => {
  const script =
    "pipe(R, W); if (fork()) { close R; sleep 1; syswrite W, qq(late\\n); close W; wait; exit($? >> 8) }" +
    " close W; fcntl(R, F_SETFL, O_NONBLOCK); open(STDIN, '<&R'); exec 'multilog', './log'";
  const { code } = await box.run(["perl", "-MFcntl", "-e", script]);
  equal(code, 0);
  equal(box.read("log/current"), "late\n");
}, { djboxOnly: "the C tool takes EAGAIN for the end of its input", programs: ["perl"] });

toolTest("multilog runs with descriptors closed", ["multilog"], async (box) => {
  const { stdout } = await box.sh(
    "multilog ./a <&-; echo $?; echo x | multilog e =st ./b >&- 2>&-; echo $?; multilog ./c <&- >&- 2>&-; echo $?",
  );
  equal(stdout, "0\n0\n0\n");
  equal(box.read("a/current"), "");
  equal(box.read("b/current"), "x\n");
  equal(box.read("st"), "x".padEnd(1001, "\n"));
  equal(mode(box, "c/current"), "744");
});

toolTest(
  "multilog takes a directory on descriptor 0 for empty input",
  ["multilog"],
  async (box) => {
    const { stdout } = await box.sh("multilog ./a <.; echo $?; stat -c '%a %s' a/current");
    equal(stdout, "0\n744 0\n");
  },
);

toolTest("multilog dies of a broken pipe when it prints alerts", ["multilog"], async (box) => {
  const { stdout } = await box.sh(
    'exec 3>&1; { yes | head -n 200000 | { multilog e 2>&1 >/dev/null; echo "$?" >&3; } | head -n 1 >/dev/null; }',
  );
  equal(stdout, "141\n");
});

toolTest(
  "multilog is told to leave although TERM was ignored when it began",
  ["multilog"],
  async (box) => {
    const fifo = new Fifo(box);
    const multilog = fifo.feed(box, ["/bin/sh", "-c", "trap '' TERM ALRM; exec multilog ./log"]);
    await fifo.write("one\n");
    await box.until("it reads", () => hasWritten(box, "one\n"));
    multilog.kill("SIGALRM");
    await box.until("it has rotated", () => box.read("log/current") === "");
    multilog.kill("SIGTERM");
    equal(await multilog.ended, 0);
    fifo.close();
  },
);

toolTest(
  "multilog leaves also when TERM comes together with a line",
  ["multilog"],
  async (box) => {
    for (let i = 0; i < 20; i++) {
      const fifo = new Fifo(box, `fifo.${i}`);
      const multilog = fifo.feed(box, ["multilog", `./log.${i}`]);
      await fifo.write("one\n");
      await box.until("it reads", () => box.read(`log.${i}/current`) === "one\n");
      await fifo.write("two\n");
      multilog.kill("SIGTERM");
      equal(await multilog.ended, 0);
      fifo.close();
    }
  },
  { djboxOnly: "C's waits for the next line when TERM comes just before its read(2)" },
);

toolTest("multilog says why a processor cannot be run", ["multilog"], async (box) => {
  const fifo = new Fifo(box);
  const multilog = fifo.feed(box, ["multilog", "!cat", "./log"]);
  await fifo.write("one\n");
  await box.until("it reads", () => hasWritten(box, "one\n"));
  Deno.removeSync(`${box.dir}/log/state`);
  multilog.kill("SIGALRM");
  const messages = "multilog: fatal: unable to run cat: file does not exist\n" +
    "multilog: warning: processor failed in ./log, pausing\n";
  await box.until("it complains", () => box.read("err") === messages);
  deepEqual(namesIn(box, "log"), ["current", "lock", "previous", "processed"]);
  equal(box.read("log/previous"), "one\n");
  multilog.kill("SIGKILL");
  fifo.close();
});

toolTest("multilog names the signal that has ended a processor", ["multilog"], async (box) => {
  const fifo = new Fifo(box);
  const multilog = fifo.feed(box, ["multilog", "!kill -9 $$", "./log"]);
  await fifo.write("one\n");
  await box.until("it reads", () => hasWritten(box, "one\n"));
  multilog.kill("SIGALRM");
  await box.until("it complains", () => box.read("err") !== "");
  equal(
    box.read("err"),
    "multilog: warning: processor crashed in ./log, pausing: killed by signal 9\n",
  );
  multilog.kill("SIGKILL");
  fifo.close();
}, { djboxOnly: "the C tool prints whatever error it met last" });

toolTest(
  "multilog keeps a file that somebody has given a second name",
  ["multilog"],
  async (box) => {
    const fifo = new Fifo(box);
    const multilog = fifo.feed(box, ["multilog", "./log"]);
    await fifo.write("one\n");
    await box.until("it reads", () => hasWritten(box, "one\n"));
    await box.sh("ln log/current copy");
    multilog.kill("SIGALRM");
    await box.until("the file is finished", () => box.read("log/current") === "");
    fifo.close();
    equal(await multilog.ended, 0);
    const old = namesIn(box, "log").filter((name) => name.startsWith("@"));
    deepEqual(old.map((name) => box.read(`log/${name}`)), ["one\n"]);
  },
  { djboxOnly: "the C tool takes it for one that it has linked already, and removes it" },
);

toolTest(
  "multilog ends files where C does, however many lines it reads",
  ["multilog"],
  async (box) => {
    box.write("in", "\n".repeat(200_000));
    await box.sh("multilog e e s133000 ./log <in 2>alerts");
    const old = namesIn(box, "log").filter((name) => name.startsWith("@"));
    deepEqual(old.map((name) => box.read(`log/${name}`).length), [131_072]);
  },
);

toolTest("multilog runs an empty processor, whose output is empty", ["multilog"], async (box) => {
  await box.run(["multilog", "s4096", "!", "./log"], {
    stdin: "x".repeat(3000) + "\n" + "y".repeat(600) + "\n",
  });
  const old = namesIn(box, "log").filter((name) => name.startsWith("@"));
  deepEqual(old.map((name) => box.read(`log/${name}`)), [""]);
  equal(box.read("log/current"), "y".repeat(600) + "\n");
});

toolTest(
  "multilog knows a file that an earlier one had linked but not unlinked",
  ["multilog"],
  async (box) => {
    box.write("log/previous", "old\n");
    box.write("log/current", "unfinished");
    Deno.linkSync(`${box.dir}/log/previous`, `${box.dir}/log/@400000003b4a39c23294b13c.s`);
    await box.run(["multilog", "./log"], { stdin: "new\n" });
    const names = namesIn(box, "log").filter((name) => name.startsWith("@"));
    deepEqual(names.map((name) => box.read(`log/${name}`)), ["old\n", "unfinished"]);
    match(names.join(" "), /^@400000003b4a39c23294b13c\.s @[0-9a-f]{24}\.u$/);
    equal(box.read("log/current"), "new\n");
  },
);

toolTest(
  "multilog keeps the number of files with thousands of them there",
  ["multilog"],
  async (box) => {
    for (let i = 0; i < 3000; i++) {
      box.write(`log/@40000000000000000000${String(i).padStart(4, "0")}.s`, `${i}`);
    }
    await box.run(["multilog", "s4096", "n500", "./log"], { stdin: "x".repeat(3000) + "\n" });
    const names = namesIn(box, "log").filter((name) => name.startsWith("@"));
    equal(names.length, 499);
    equal(names[0], "@400000000000000000002502.s");
    match(names[498] as string, /^@40000000[0-9a-f]{16}\.s$/);
  },
);

toolTest("multilog takes names and patterns as bytes", ["multilog"], async (box) => {
  // EUC-JP, as administrators of the time have it in their scripts.
  const script = "multilog '-*' '+\xa5\xed\xa5\xb0*' ./\xa5\xed\xa5\xb0 =\xbe\xf5\xc2\xd6 <in";
  box.write("in", "\xa5\xed\xa5\xb0 one\n\xa5\xed\xa5 two\n");
  Deno.writeFileSync(`${box.dir}/script`, latin1(script));
  equal((await box.run(["/bin/sh", "script"])).code, 0);
  const { stdout } = await box.sh("cat ./*/current; head -n 1 $(ls | grep -v script | tail -n 1)");
  const first = fromLatin1(latin1("\xa5\xed\xa5\xb0 one\n"));
  equal(stdout, first + first);
});

toolTest(
  "a line that is there when ALRM comes is in the file that is finished",
  ["multilog"],
  async (box) => {
    const fifo = new Fifo(box);
    const multilog = fifo.feed(box, ["multilog", "./log"]);
    // C's misses one that comes just before its read(2): the fewer there are, the more seldom.
    const rounds = box.ours ? 5 : 1;
    for (let i = 1; i <= rounds; i++) {
      await fifo.write(`a${i}\n`);
      await box.until("it waits", () => hasWritten(box, `a${i}\n`));
      await fifo.write(`b${i}\n`);
      multilog.kill("SIGALRM");
      await box.until("it has rotated", () => namesIn(box, "log").length === 3 + i);
      const last = namesIn(box, "log").filter((name) => name.startsWith("@")).at(-1);
      equal(box.read(`log/${last}`), `a${i}\nb${i}\n`);
    }
    fifo.close();
    equal(await multilog.ended, 0);
  },
);

toolTest("multilog takes thousands of actions", ["multilog"], async (box) => {
  const actions = Array.from({ length: 5000 }, (_, i) => `-*x${i}`);
  const alerts = Array.from({ length: 3000 }, () => "e");
  const { code, stderr } = await box.run(["multilog", ...actions, ...alerts, "./log"], {
    stdin: "x4999\nx5000\n",
  });
  deepEqual([code, stderr], [0, "x5000\n".repeat(3000)]);
  equal(box.read("log/current"), "x5000\n");
});

toolTest(
  "an outlet that stands in the script many times takes each line as often",
  ["multilog"],
  async (box) => {
    const text = "abc & xyz\n".repeat(40_000);
    box.write("in", text);
    for (const count of [14, 20, 100]) {
      const actions = Array.from({ length: count }, (_, i) => i % 2 === 0 ? "e" : "=status");
      const { code } = await box.sh(
        `exec multilog ${actions.join(" ")} s9999999 ./log${count} <in 2>err`,
      );
      equal(code, 0);
      equal(box.read(`log${count}/current`) === text, true, `${count}`);
      equal(box.read("err") === "abc & xyz\n".repeat(40_000 * count / 2), true, `${count}`);
    }
  },
);
