// SPDX-License-Identifier: 0BSD
// Chains of tools run in one process, and nobody is to notice: the C tools, a process image each, pass the same tests.
//
// Not tested here: limits that a tool of the chain would meet itself (they bind only the programs that are run),
// and arguments longer than the kernel takes between two tools.
import { deepEqual, equal } from "node:assert/strict";
import { type Box, fromLatin1, toolTest } from "./harness/harness.ts";

const ROOT = { root: true };

/** Runs a shell command line; what it says on both outputs, and its exit code in a line of its own. */
async function all(box: Box, line: string): Promise<string> {
  const { stdout } = await box.sh(`exec 2>&1; ${line}; echo "exit $?"`);
  return stdout;
}

toolTest(
  "chain: environment, ids, limits, lock and group of four tools and more",
  ["envdir", "setuidgid", "softlimit", "setlock", "pgrphack", "envuidgid"],
  async (box) => {
    box.write("d/NAME", "value\n");
    box.script(
      "state",
      `echo "$NAME $UID $GID $(id -u):$(id -G)"; ulimit -S -n; ulimit -S -t
      readlink /proc/$$/fd/3 | sed 's/.*\\///'
      cut -d' ' -f5,6 /proc/$$/stat | sed "s/$$/leader/g"; printf '%s|' "$@"; exit 7`,
    );
    await box.sh("chmod 777 .");
    equal(
      await all(
        box,
        `envdir d envuidgid daemon setlock lk setuidgid nobody pgrphack softlimit -o 20 -t 9 \\
        ./state "$(printf 'a\\377b')" '' ' x '`,
      ),
      "value 1 1 65534:65534\n20\n9\nlk\nleader leader\na\xffb|| x |exit 7\n",
    );
  },
  ROOT,
);

toolTest(
  "chain: what other programs are told by the environment is not meant for the tools",
  ["envdir", "setlock"],
  async (box) => {
    box.write("d/NAME", "value\n");
    box.write("file", "");
    box.write("home/.npmrc", "registry=${FOO\n");
    for (
      const variable of [
        "HOME=/dev/null",
        "HOME=file",
        "HOME=home",
        "HOME=",
        "PATH=/bin:/usr/bin:/dev/null",
        "DENO_DIR=file",
        "DENO_V8_FLAGS=--none",
        "DENO_LOG=trace",
        "NODE_OPTIONS=--require=./file",
        "DENO_CONNECTED=1",
        "DENO_TOKIO_GLOBAL_QUEUE_INTERVAL=0",
        "DENO_AUDIT_PERMISSIONS=audit",
        "DENO_PERMISSION_BROKER_PATH=/nowhere",
        "DENO_UNSTABLE_CONTROL_SOCK=/nowhere",
        "DENO_COVERAGE_DIR=coverage",
        "DENO_AUTH_TOKENS=x",
        "DENO_STARTUP_PHASES=1",
        "DENO_TOKIO_METRICS=1",
        "NODE_CHANNEL_FD=5",
        "SSLKEYLOGFILE=keys",
        "LANG=unpredictable",
      ]
    ) {
      const line = "$(command -v envdir) d setlock lk sh -c 'env | grep -e ^NAME -e ^V'";
      equal(
        await all(box, `env ${variable} V="${variable}" ${line}`),
        `NAME=value\nV=${variable}\nexit 0\n`,
      );
    }
    equal((await box.sh("ls")).stdout, "d\nfile\nhome\nlk\n");
  },
);

toolTest(
  "chain: what a set-user-ID program gets from its caller for the linker does not reach another user",
  ["setuidgid"],
  async (box) => {
    const given = "LD_LIBRARY_PATH=/x LD_AUDIT=y LD_PRELOAD_NOT=z TMPDIR=/t MALLOC_CHECK_=3 A=b";
    const started = `env -i PATH="$PATH" ${given} setuidgid daemon env`;
    // As a set-user-ID program starts it: the real user is its caller.
    const { stdout } = await box.sh(`setpriv --ruid=65534 ${started} | sort`);
    equal(stdout.replace(/^PATH=.*\n/m, ""), "A=b\nLD_PRELOAD_NOT=z\n");
    equal((await box.sh(`${started} | wc -l`)).stdout.trim(), "7");
  },
  { root: true, programs: ["setpriv"] },
);

/** What GNU's tools for this machine are called. */
const GNU = `${Deno.build.arch}-linux-gnu`;

toolTest(
  "chain: a library that is put in front of C's is asked first",
  ["svok"],
  async (box) => {
    const body = Deno.build.arch === "aarch64" ? "mov w0, 0" : "xor %eax, %eax";
    box.write("always.s", `.globl chdir\n.type chdir, %function\nchdir: ${body}\nret\n`);
    const made = await box.sh(
      `${GNU}-as -o always.o always.s && ${GNU}-ld -shared -o always.so always.o`,
    );
    equal(made.stderr, "");
    const env = { LD_PRELOAD: `${box.dir}/always.so` };
    deepEqual(await box.run(["svok", "nowhere"], { env }), { code: 100, stdout: "", stderr: "" });
    equal((await box.run(["svok", "nowhere"])).code, 111);
  },
  { programs: [`${GNU}-as`, `${GNU}-ld`] },
);

toolTest("chain: a tool makes nothing where there is no /dev/null", ["addcr"], async (box) => {
  const { stdout } = await box.sh(
    `unshare -m sh -c 'mount -t tmpfs none /dev && echo line | addcr && ls /dev'`,
  );
  equal(stdout, "line\r\n");
}, { root: true, programs: ["unshare"] });

toolTest(
  "chain: whoever is run by a set-group-ID program, or one that is set to another user's ID",
  ["envuidgid", "setlock"],
  async (box) => {
    for (const [owner, mode] of [["root:mail", "2755"], ["daemon:root", "4755"]] as const) {
      await box.sh(`cp /usr/bin/env run; chown ${owner} run; chmod ${mode} run; chmod 777 .`);
      const line = "envuidgid root setlock lk sh -c 'echo $UID $GID'";
      equal(
        await all(box, `setpriv --reuid 65534 --regid 65534 --clear-groups ./run ${line}`),
        "0 0\nexit 0\n",
        mode,
      );
      await box.sh("rm -f lk");
    }
  },
  { ...ROOT, programs: ["setpriv"] },
);

toolTest("chain: a foreign program in between", ["envdir", "softlimit"], async (box) => {
  box.write("d/NAME", "value\n");
  equal(
    await all(
      box,
      "envdir d softlimit -o 40 env OTHER=1 softlimit -t 9 sh -c " +
        "'echo $NAME $OTHER; ulimit -S -n; ulimit -S -t'",
    ),
    "value 1\n40\n9\nexit 0\n",
  );
});

toolTest(
  "chain: a later link that fails speaks for itself",
  ["envdir", "setuidgid", "softlimit", "setlock"],
  async (box) => {
    box.write("d/NAME", "value\n");
    for (
      const [line, message, code] of [
        ["softlimit -o 50 setuidgid no-one echo", "setuidgid: fatal: unknown account no-one", 111],
        ["setuidgid nobody softlimit -q echo", "softlimit: illegal option -- q", 100],
        [
          "setlock lk envdir missing echo",
          "envdir: fatal: unable to switch to directory missing: file does not exist",
          111,
        ],
        [
          "setuidgid nobody setuidgid nobody echo",
          "setuidgid: fatal: unable to setgid: permission denied",
          111,
        ],
        [
          "setuidgid nobody setlock new echo",
          "setlock: fatal: unable to open new: access denied",
          111,
        ],
        ["setlock lk setlock -nx lk echo ran", "", 0],
        ["envdir d softlimit", "softlimit: usage: softlimit [-a allbytes]", 100],
        [
          "softlimit -m 100 -o 0 setuidgid nobody no-such",
          "setuidgid: fatal: unable to run no-such: ",
          111,
        ],
      ] as const
    ) {
      if (box.ours || !line.includes("-m 100")) {
        const { code: exit, stdout, stderr } = await box.sh(`exec ${line}`);
        equal(exit, code, line);
        deepEqual([stdout, stderr.slice(0, message.length)], ["", message], line);
      }
    }
  },
  ROOT,
);

toolTest("chain: each link looks in its own PATH", ["envdir", "softlimit"], async (box) => {
  box.script("good/prog", "echo good");
  box.write("d/PATH", `${box.dir}/good`);
  equal(await all(box, "envdir d softlimit -o 50 prog"), "good\nexit 0\n");
  equal(
    await all(box, "envdir d prog"),
    "envdir: fatal: unable to run prog: file does not exist\nexit 111\n",
  );
});

toolTest(
  "chain: goes on where a directory of PATH denies the next link",
  ["setlock", "envdir", "softlimit", "setuidgid"],
  async (box) => {
    box.write("d/NAME", "value\n");
    box.write("denied/envdir", "#!/bin/sh\n", 0o644);
    box.write("secret/softlimit", "#!/bin/sh\n", 0o755);
    await box.sh("chmod 700 secret; chmod 777 .");
    // The descriptors have been put in place for the attempt, and the runtime needs its own again.
    const line =
      'PATH="denied:missing:secret:$PATH" setlock lk setuidgid nobody envdir d softlimit -o 20';
    equal(
      await all(box, `${line} sh -c 'readlink /proc/$$/fd/3; echo $NAME' | sed 's/.*\\///'`),
      "lk\nvalue\nexit 0\n",
    );
    equal(
      await all(box, 'PATH="secret:$PATH" setlock lk setuidgid nobody setlock -n lk echo ran'),
      "setlock: fatal: unable to open lk: access denied\nexit 111\n",
    );
    box.write("wrong/envdir", "no program\n", 0o755);
    equal(
      await all(box, 'PATH="wrong:$PATH" setlock lk envdir d echo ran'),
      "setlock: fatal: unable to run envdir: exec format error\nexit 111\n",
    );
  },
  ROOT,
);

toolTest("chain: a tool by a path", ["envdir", "softlimit"], async (box) => {
  box.write("d/NAME", "value\n");
  await box.sh('mkdir bin; ln -s "$(command -v softlimit)" bin/softlimit');
  const program = "sh -c 'echo $NAME; ulimit -S -n'";
  equal(await all(box, `envdir d bin/softlimit -o 50 ${program}`), "value\n50\nexit 0\n");
  equal(await all(box, `envdir d "$PWD/bin/softlimit" -o 50 ${program}`), "value\n50\nexit 0\n");
  equal(
    await all(box, `PATH="bin:$PATH" envdir d softlimit -o 50 ${program}`),
    "value\n50\nexit 0\n",
  );
  equal(
    await all(box, "bin/softlimit -x"),
    (await all(box, "softlimit -x")).replace(/^/, ""),
  );
  equal(
    await all(box, "envdir d bin/softlimit -o 50 ./missing"),
    "softlimit: fatal: unable to run ./missing: file does not exist\nexit 111\n",
  );
});

toolTest("chain: the file decides where argv[0] does not", ["softlimit"], async (box) => {
  const { stdout } = await box.run([
    "bash",
    "-c",
    `(exec -a in.ftpd softlimit -o 50 sh -c 'ulimit -S -n')
    (exec -a '' softlimit -o 50 sh -c 'ulimit -S -n')
    (exec -a -x/y/ softlimit -o 50 nothing) 2>&1`,
  ]);
  equal(stdout, "50\n50\nsoftlimit: fatal: unable to run nothing: file does not exist\n");
}, { programs: ["bash"] });

toolTest("chain: djbox NAME is NAME", ["envdir", "softlimit", "setlock"], async (box) => {
  box.write("d/NAME", "value\n");
  equal(
    await all(box, "djbox envdir d djbox softlimit -o 50 sh -c 'echo $NAME; ulimit -S -n'"),
    "value\n50\nexit 0\n",
  );
  equal(
    await all(box, "djbox softlimit -o 50 /no/such"),
    "softlimit: fatal: unable to run /no/such: file does not exist\nexit 111\n",
  );
  equal(
    await all(box, "djbox djbox setlock"),
    "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\nexit 100\n",
  );
}, { djboxOnly: "there is no djbox but this" });

toolTest("chain: a name that is no tool's says so", ["softlimit"], async (box) => {
  await box.sh('ln -s "$(command -v djbox)" other');
  const complaint = "djbox: there is no tool called other; djbox --list names them\nexit 100\n";
  equal(await all(box, "./other"), complaint);
  equal(await all(box, "./other --list"), complaint);
  equal(await all(box, "softlimit ./other softlimit"), complaint);
}, { djboxOnly: "there is no djbox but this" });

/** What is to be seen of a process. */
function seen(pid: number): { comm: string; cmdline: string[]; uid: string } {
  const read = (file: string): string => fromLatin1(Deno.readFileSync(`/proc/${pid}/${file}`));
  return {
    comm: read("comm").trim(),
    cmdline: read("cmdline").split("\0").slice(0, -1),
    uid: /^Uid:\t(\d+)/m.exec(read("status"))?.[1] ?? "",
  };
}

/** The environment of a process, as far as the test has set it. */
function environ(pid: number): string[] {
  const entries = fromLatin1(Deno.readFileSync(`/proc/${pid}/environ`)).split("\0").slice(0, -1);
  return entries.filter((entry) => !/^(PATH|LC_ALL|TZ|HOME|PWD|DJBOX_TEST_BOX)=/.test(entry))
    .sort();
}

toolTest(
  "chain: what is seen of it is its last link",
  ["envdir", "setuidgid", "softlimit", "readproctitle"],
  async (box) => {
    box.write("d/NAME", "v\xe4lue\n");
    await box.sh("mkfifo -m 666 fifo");
    const line =
      `exec envdir d setuidgid nobody softlimit -o 50 readproctitle '' "$(printf 'a\\344')" .....`;
    const chain = box.start(["sh", "-c", `${line} <fifo`], { env: { KEPT: "kept" } });
    const input = await Deno.open(`${box.dir}/fifo`, { write: true });
    const { pid } = chain;
    await box.until("readproctitle runs", () => seen(pid).comm === "readproctitle");
    deepEqual(seen(pid), {
      comm: "readproctitle",
      cmdline: ["readproctitle", "", "a\xe4", "....."],
      uid: "65534",
    });
    deepEqual(environ(pid), ["KEPT=kept", "NAME=v\xe4lue"]);
    // It belongs to the account, as after an exec: setuid(2) alone would leave what is in /proc to root.
    equal(Deno.statSync(`/proc/${pid}/fd`).uid, 65534);
    const found = (await box.run(["pgrep", "-x", "-u", "nobody", "readproctitle"])).stdout;
    equal(found.split("\n").includes(String(pid)), true);
    input.close();
    equal(await chain.ended, 0);
  },
  { root: true, programs: ["pgrep"] },
);

/** Writes the numbers of the descriptors of `a`, of `b` and of the pipe that most descriptors are, a line each. */
const LOCKS = `
my (%at, @pipe);
for (0 .. 255) { my $l = readlink("/proc/self/fd/$_"); push @{$at{$l =~ s{.*/}{}r}}, $_ if defined $l }
for (keys %at) { @pipe = @{$at{$_}} if /^pipe/ && @{$at{$_}} > @pipe }
print "@$_\\n" for $at{a}, $at{b}, \\@pipe;`;

toolTest("chain: locks take the lowest descriptors", ["setlock", "fghack"], async (box) => {
  box.write("locks.pl", LOCKS);
  const [a, b] = (await box.sh("setlock a setlock b perl locks.pl")).stdout.split("\n");
  deepEqual([a, b], ["3", "4"]);
  const { stdout } = await box.sh("setlock a fghack setlock b perl locks.pl");
  const [outer, inner, pipe = ""] = stdout.split("\n");
  const ends = pipe.split(" ").map(Number);
  deepEqual([outer, ends.slice(0, 3), ends.length], ["3", [4, 5, 6], 31]);
  equal(Number(inner), (ends.at(-1) ?? 0) + 1);
}, { programs: ["perl"] });

toolTest(
  "chain: a limit of open files binds the links",
  ["softlimit", "setlock", "envdir"],
  async (box) => {
    box.write("d/NAME", "value\n");
    // One descriptor for the lock, one for where envdir was started, one for the directory, one for the file.
    const line = (files: number): string => `softlimit -o ${files} setlock lk envdir d echo ran`;
    equal(
      await all(box, line(5)),
      "envdir: fatal: unable to read directory d: process cannot open more files\nexit 111\n",
    );
    equal(
      await all(box, line(6)),
      "envdir: fatal: unable to read d/NAME: process cannot open more files\nexit 111\n",
    );
    equal(await all(box, line(7)), "ran\nexit 0\n");
  },
);

toolTest("chain: limits reach what a link starts", ["softlimit", "fghack"], async (box) => {
  equal(
    await all(
      box,
      "softlimit -o 60 -t 9 -m 40960000 fghack sh -c 'ulimit -S -n; ulimit -S -t; ulimit -S -v'",
    ),
    "60\n9\n40000\nexit 0\n",
  );
});

toolTest("chain: memory limits bind the program", ["softlimit", "envdir"], async (box) => {
  box.write("d/NAME", "value\n");
  equal(
    await all(box, "softlimit -m 4000000 envdir d softlimit -c 5 /bin/echo ok"),
    "ok\nexit 0\n",
  );
});

toolTest(
  "chain: what no tool has words for is a line that names the system call",
  ["multilog"],
  async (box) => {
    const refused = ["strace", "-f", "-o", "trace", "-e", "inject=signalfd4:error=EMFILE"];
    deepEqual(await box.run([...refused, "multilog", "t"]), {
      code: 111,
      stdout: "",
      stderr: "multilog: fatal: unable to signalfd: process cannot open more files\n",
    });
  },
  { programs: ["strace"], djboxOnly: "C has no signalfd" },
);
