// SPDX-License-Identifier: 0BSD
/**
 * The faults, a row each: what happens to a service that was all right.
 *
 * @module
 */
import { until } from "../trial/processes.ts";
import type { Place } from "./place.ts";

/** One row of the table. */
export interface Fault {
  readonly name: string;
  /** What is done. */
  readonly what: string;
  /** Namespaces, mounts, other users. */
  readonly root?: boolean;
  /** How often the service has to be started anew. */
  readonly restarts: number;
  /** What stands in front of the scanner's command. */
  readonly prefix?: readonly string[];
  /** Done before the start. */
  prepare?(place: Place): void;
  /** Does it, up to the point from which on all should become right again; false: there is no such thing here. */
  act(place: Place): boolean | void;
}

const sleep = (seconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
};

/** Within this time a scanner looks at its folder, in seconds. */
const SCAN = 6;

/** supervise leaves a service alone for a second after its start; in seconds. */
const CALM = 1.2;

function killAll(place: Place): void {
  place.kill(place.supervisors());
}

/** Something stands in the way while the service dies; then it is gone. */
function meanwhile(
  obstruct: (place: Place) => void,
  clear: (place: Place) => void,
  seconds = 2.5,
): Fault["act"] {
  return (place): void => {
    obstruct(place);
    place.kill(place.talkers());
    sleep(seconds);
    clear(place);
  };
}

/** A small file system of its own for a folder of the service's. */
function mounted(folder: string, options: string): Fault["prepare"] {
  return (place): void => {
    place.must(
      `mkdir -p sv/a/${folder} && mount -t tmpfs -o mode=777,${options} none sv/a/${folder}`,
    );
  };
}

const fill = (folder: string) => (place: Place): void => {
  place.sh(`head -c 2000000 /dev/zero >sv/a/${folder}/filler`);
};
const exhaust = (folder: string) => (place: Place): void => {
  place.sh(`cd sv/a/${folder}; i=0; while : >filler$i; do i=$((i+1)); done`);
};
const free = (folder: string) => (place: Place): void => {
  place.must(`rm -f sv/a/${folder}/filler*`);
};
/* The file system itself can't become read-only while somebody has a file open: a mount on top of it can. */
const cover = (folder: string) => (place: Place): void => {
  place.must(`cd sv/a && mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}`);
};
const uncover = (folder: string) => (place: Place): void => {
  place.must(`umount sv/a/${folder}`);
};
/** Nobody else's processes count, and only he may change his limits. */
const SOMEBODY = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];

const limit = (resource: string, who: readonly string[] = []) => (place: Place): void => {
  const set = [...who, "prlimit", `--${resource}:`].join(" ");
  place.must(place.supervisors().map((pid) => `${set} --pid=${pid}`).join(" && "));
};

/** The files in which systems keep what they know of a service. */
const RECORDS = ["supervise/status", "supervise/lock", "supervise/pid", "supervise/stat"];

function spoilRecords(place: Place, spoil: (text: Uint8Array) => Uint8Array): void {
  killAll(place);
  place.kill(place.talkers());
  for (const record of RECORDS.map((name) => `${place.service}/${name}`)) {
    try {
      Deno.writeFileSync(record, spoil(Deno.readFileSync(record)), { create: false });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  place.start();
}

/** What ./run needs is taken away while the service dies. */
function unstartable(take: string, giveBack: string): Fault["act"] {
  return (place): void => {
    place.kill(place.supervisors(), "SIGSTOP");
    place.kill(place.talkers());
    place.must(take);
    place.kill(place.supervisors(), "SIGCONT");
    sleep(2.5);
    // It answers meanwhile, or it is never right.
    place.tell("down");
    until("it obeys", () => !/want up|^up|^run/.test(place.status()));
    place.must(giveBack);
    place.tell("up");
  };
}

export const FAULTS: readonly Fault[] = [
  {
    name: "supervisors-killed",
    what: "kill -9 of all that supervises; then it is started again",
    restarts: 0,
    act(place): void {
      killAll(place);
      sleep(0.5);
      place.start();
    },
  },
  {
    name: "scanner-killed",
    what: "kill -9 of the scanner alone; then it is started again",
    restarts: 0,
    act(place): void {
      place.kill([place.scanner]);
      sleep(0.5);
      place.start();
    },
  },
  {
    name: "died-between",
    what: "the same as the first, and the service dies in between",
    restarts: 1,
    act(place): void {
      killAll(place);
      place.kill(place.talkers());
      place.start();
    },
  },
  {
    name: "logger-too",
    what: "the same as the first, and the logger is killed, too, while the service goes on",
    restarts: 0,
    act(place): boolean {
      if (place.system.logger === undefined) return false;
      // What the logger has in hand nobody could save.
      place.kill(place.talkers(), "SIGSTOP");
      sleep(0.5);
      place.kill([...place.supervisors(), ...place.loggers()]);
      place.kill(place.talkers(), "SIGCONT");
      sleep(0.5);
      place.start();
      return true;
    },
  },
  {
    name: "logger-killed",
    what: "kill -9 of the logger",
    restarts: 0,
    act(place): boolean {
      place.kill(place.loggers());
      return place.system.logger !== undefined;
    },
  },
  {
    name: "service-killed",
    what: "kill -9 of the service",
    restarts: 1,
    act: (place) => place.kill(place.talkers()),
  },
  {
    name: "half-a-record",
    what: "supervisors and service killed, half of each record is left",
    restarts: 1,
    act: (place) => spoilRecords(place, (text) => text.subarray(0, text.length >> 1)),
  },
  {
    name: "garbled-record",
    what: "supervisors and service killed, nonsense in each record",
    restarts: 1,
    act: (place) => spoilRecords(place, (text) => text.map((byte, i) => byte ^ (i * 37 + 11))),
  },
  {
    name: "pid-used-again",
    what: "supervisors and service killed, another process has its pid",
    root: true,
    restarts: 1,
    act(place): void {
      const [talker = 0] = place.talkers();
      killAll(place);
      place.kill([talker]);
      // The next process gets the number that follows; this is a pid namespace of our own.
      const script = `for try in $(seq 100); do
        [ "$pid" = ${talker} ] && break
        echo ${talker - 1} >/proc/sys/kernel/ns_last_pid; sleep 100000 >/dev/null 2>&1 & pid=$!
        [ "$pid" = ${talker} ] || kill $pid
      done`;
      place.must(`${script}; [ "$pid" = ${talker} ]`);
      place.start();
    },
  },
  {
    name: "upgrade",
    what: "the scanner is replaced while it runs",
    restarts: 0,
    act(place): boolean {
      if (place.system.upgrade === undefined) return false;
      place.sh(`cd sv; ${place.system.upgrade.join(" ")}`);
      return true;
    },
  },
  {
    name: "stopped",
    what: "all that supervises stands still (STOP) while the service dies",
    restarts: 1,
    act: meanwhile(
      (place) => place.kill(place.supervisors(), "SIGSTOP"),
      (place) => place.kill(place.supervisors(), "SIGCONT"),
    ),
  },
  {
    name: "supervise-removed",
    what: "rm -r supervise log/supervise; then the service dies",
    restarts: 1,
    act(place): void {
      place.sh("rm -r sv/a/supervise sv/a/log/supervise");
      place.kill(place.talkers());
    },
  },
  {
    name: "directory-replaced",
    what: "rm -r of the service's directory, which is then made anew",
    restarts: 1,
    act(place): void {
      // What is logged in the old one counts.
      place.sh("ln sv/a/log/main/current kept; rm -r sv/a");
      place.writeService();
    },
  },
  {
    name: "mount-vanished",
    what: "what is mounted at the service's directory vanishes while the service dies",
    root: true,
    restarts: 1,
    prepare: (place) => place.must("mv sv/a b && mkdir sv/a && mount --bind b sv/a"),
    act: meanwhile(
      (place) => place.must("umount -l sv/a"),
      (place) => place.must("mount --bind b sv/a"),
      SCAN,
    ),
  },
  {
    name: "disk-full-logger",
    what: "no space left under the logger for 2.5 s",
    root: true,
    restarts: 0,
    prepare: mounted("log/main", "size=1m"),
    act(place): void {
      fill("log/main")(place);
      sleep(2.5);
      free("log/main")(place);
    },
  },
  {
    name: "disk-full-supervise",
    what: "no space left under supervise/ while the service dies",
    root: true,
    restarts: 1,
    prepare: mounted("supervise", "size=64k"),
    act: meanwhile(fill("supervise"), free("supervise")),
  },
  {
    name: "no-inodes-supervise",
    what: "no inode left under supervise/ while the service dies",
    root: true,
    restarts: 1,
    prepare: mounted("supervise", "nr_inodes=20"),
    act: meanwhile(exhaust("supervise"), free("supervise")),
  },
  {
    name: "read-only-supervise",
    what: "supervise/ is read-only while the service dies",
    root: true,
    restarts: 1,
    prepare: mounted("supervise", "size=64k"),
    act: meanwhile(cover("supervise"), uncover("supervise")),
  },
  {
    name: "no-descriptors",
    what: "no descriptor left (prlimit) while the service dies",
    restarts: 1,
    act: meanwhile(limit("nofile=3"), limit("nofile=1000")),
  },
  {
    name: "no-processes",
    what: "no process can be made (prlimit) while the service dies",
    root: true,
    restarts: 1,
    prefix: SOMEBODY,
    act: meanwhile(limit("nproc=1", SOMEBODY), limit("nproc=1000", SOMEBODY)),
  },
  {
    name: "not-executable",
    what: "the service dies, and ./run is not executable; svc -d, then it is, svc -u",
    restarts: 1,
    act: unstartable("chmod a-x sv/a/run", "chmod a+x sv/a/run"),
  },
  {
    name: "no-interpreter",
    what: "the same, and the interpreter of ./run is missing",
    restarts: 1,
    act: unstartable("mv perl away", "mv away perl"),
  },
  {
    name: "text-busy",
    what: "the same, and the interpreter is being written to (ETXTBSY)",
    restarts: 1,
    act: unstartable(
      "sleep 100000 9>>perl >/dev/null 2>&1 & echo $! >writer",
      "kill -9 $(cat writer)",
    ),
  },
];

/** Lets everything come to rest before a fault. */
export function calm(): void {
  sleep(CALM);
}
