// SPDX-License-Identifier: 0BSD
// Not here: what the other suites hold against the C tool (tests/howto/*, tests/rts/*), and disks that are really full for
// want of inodes.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Box, toolTest } from "../harness/harness.ts";

/** The files of a log directory in order, old ones first, as one text. */
function logged(box: Box, directory: string): string {
  const old = [...Deno.readDirSync(`${box.dir}/${directory}`)].map(({ name }) => name)
    .filter((name) => name.startsWith("@")).sort();
  return [...old, "current"].map((name) => box.read(`${directory}/${name}`)).join("");
}

function lines(count: number, width = 100): string {
  return Array.from({ length: count }, (_, i) => `${i}`.padStart(width, "x") + "\n").join("");
}

toolTest(
  "multilog writes its input to current, and marks it finished",
  ["multilog"],
  async (box) => {
    deepEqual(await box.run(["multilog", "./d"], { stdin: "a\n\nb\0c\xff\nlast" }), {
      code: 0,
      stdout: "",
      stderr: "",
    });
    equal(box.read("d/current"), "a\n\nb\0c\xff\nlast\n");
    equal((Deno.statSync(`${box.dir}/d/current`).mode ?? 0) & 0o777, 0o744);
    deepEqual([...Deno.readDirSync(`${box.dir}/d`)].map(({ name }) => name).sort(), [
      "current",
      "lock",
      "state",
    ]);
  },
);

toolTest("multilog t puts strictly rising stamps before lines", ["multilog"], async (box) => {
  await box.run(["multilog", "t", "./d"], { stdin: "one\ntwo\nthree" });
  const text = box.read("d/current");
  match(text, /^(@40[0-9a-f]{22} (one|two|three)\n){3}$/);
  const stamps = text.split("\n").slice(0, 3).map((line) => line.slice(0, 25));
  deepEqual(stamps, [...stamps].sort());
  // C's clock has microseconds only, and several lines in each.
  if (box.ours) equal(new Set(stamps).size, 3);
});

toolTest("multilog selects lines by the last pattern that matches", ["multilog"], async (box) => {
  const stdin = "debug: x\nfatal: y\ndebug: fatal\nplain\n";
  await box.run(["multilog", "-debug: *", "+debug: fatal", "./a", "-*", "+fatal: *", "./b"], {
    stdin,
  });
  equal(box.read("a/current"), "fatal: y\ndebug: fatal\nplain\n");
  equal(box.read("b/current"), "fatal: y\n");
});

toolTest("multilog e shows the first 200 bytes on descriptor 2", ["multilog"], async (box) => {
  const { stderr } = await box.run(["multilog", "e"], {
    stdin: "short\n" + "y".repeat(300) + "\n",
  });
  equal(stderr, "short\n" + "y".repeat(200) + "...\n");
});

toolTest("multilog =file holds the last line, padded", ["multilog"], async (box) => {
  await box.run(["multilog", "=status"], { stdin: "one\ntwo\n" });
  equal(box.read("status"), "two" + "\n".repeat(998));
});

toolTest(
  "multilog rotates by size and keeps num files; no line is lost",
  ["multilog"],
  async (box) => {
    const stdin = lines(2000);
    await box.run(["multilog", "s4096", "n1000", "./all", "s4096", "n3", "./few"], { stdin });
    equal(logged(box, "all"), stdin);
    const few = [...Deno.readDirSync(`${box.dir}/few`)].filter(({ name }) => name.startsWith("@"));
    equal(few.length, 2);
    ok(stdin.endsWith(logged(box, "few")));
    for (const { name } of few) match(name, /^@[0-9a-f]{24}\.s$/);
  },
);

toolTest(
  "multilog passes finished files through a processor, with its state",
  ["multilog"],
  async (box) => {
    const stdin = lines(200);
    await box.run([
      "multilog",
      "s4096",
      "n100",
      "!cat; read n <&4; echo $((n + 1)) >&5",
      "./d",
    ], { stdin });
    equal(logged(box, "d"), stdin);
    const old = [...Deno.readDirSync(`${box.dir}/d`)].filter(({ name }) => name.startsWith("@"));
    equal(box.read("d/state"), `${old.length}\n`);
  },
);

toolTest("multilog ends with 0 on TERM, its file finished", ["multilog"], async (box) => {
  const script = `mkfifo p; multilog ./d <p & pid=$!; exec 3>p
    echo whole >&3
    until grep -q whole d/current 2>/dev/null; do :; done
    kill $pid; wait $pid; echo "exit $?"; stat -c %a d/current`;
  const { stdout } = await box.sh(script);
  equal(stdout, "exit 0\n744\n");
});

toolTest("multilog rotates on ALRM", ["multilog"], async (box) => {
  const script = `mkfifo p; multilog ./d <p & pid=$!; exec 3>p
    echo one >&3
    until grep -q one d/current 2>/dev/null; do :; done
    kill -ALRM $pid
    until [ -e d/@*.s ]; do :; done
    echo two >&3; exec 3>&-; wait $pid; cat d/@*.s; cat d/current`;
  const { stdout } = await box.sh(script);
  equal(stdout, "one\ntwo\n");
});

toolTest(
  "multilog goes on where it was killed, and keeps what was there",
  ["multilog"],
  async (box) => {
    const script = `mkfifo p; multilog ./d <p & pid=$!; exec 3>p
    echo before >&3
    until grep -q before d/current 2>/dev/null; do :; done
    kill -9 $pid; wait $pid 2>/dev/null; exec 3>&-
    echo after | multilog ./d; cat d/@*.u; cat d/current`;
    const { stdout } = await box.sh(script, {});
    equal(stdout, "before\nafter\n");
  },
);

toolTest("multilog kept from a directory says why, before it reads", ["multilog"], async (box) => {
  box.write("file", "");
  deepEqual(await box.run(["multilog", "./file"], { stdin: "x\n" }), {
    code: 111,
    stdout: "",
    stderr: "multilog: fatal: unable to open directory ./file: not a directory\n",
  });
  const { stdout, stderr } = await box.sh(
    "mkdir d; : >d/lock; exec 3>d/lock; flock -n 3; echo x | multilog ./d; echo $?",
  );
  equal(stdout, "111\n");
  equal(stderr, "multilog: fatal: unable to lock directory ./d: temporary failure\n");
}, { programs: ["flock"] });

toolTest("multilog writes each line at once", ["multilog"], async (box) => {
  const script = `mkfifo p; multilog ./d <p & exec 3>p
    for i in 1 2 3 4 5; do echo line $i >&3; until grep -q "line $i" d/current; do :; done; done 2>/dev/null
    echo seen; exec 3>&-; wait`;
  equal((await box.sh(script)).stdout, "seen\n");
});

toolTest("multilog takes a line of megabytes", ["multilog"], async (box) => {
  const long = "z".repeat(3_000_000) + "\n";
  await box.run(["multilog", "s16777215", "./d"], { stdin: "a\n" + long + "b\n" });
  equal(box.read("d/current"), "a\n" + long + "b\n");
});

toolTest("multilog waits for room on a full disk and loses nothing", ["multilog"], async (box) => {
  const script = `mkdir full && mount -t tmpfs -o size=128k none full && cd full &&
    head -c 90000 /dev/zero >ballast; mkdir -m 700 d
    (yes 'a line of the log' | head -n 3000; ) | multilog s16777215 ./d 2>../err & pid=$!
    until grep -q pausing ../err; do sleep 0.05; done
    rm ballast; wait $pid; sort -u d/current; wc -l <d/current; head -n 1 ../err`;
  const { stdout } = await box.run(["unshare", "-m", "/bin/sh", "-c", script]);
  deepEqual(stdout.split("\n"), [
    "a line of the log",
    "3000",
    "multilog: warning: unable to write to ./d/current, pausing: out of disk space",
    "",
  ]);
}, { root: true, programs: ["unshare", "mount"] });
