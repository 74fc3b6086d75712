// SPDX-License-Identifier: 0BSD
/**
 * A machine for procedures that are to be typed as they are written: a root directory of its own, with the tools in
 * /command and /usr/local/bin, an empty /service, accounts that may be added, processes and a network that nobody
 * else sees. So `ln -s /var/qmail/pop /service`, `ps -auxww | grep readproctitle` and port 110 mean what they say.
 *
 * @module
 */
import { equal, ok } from "node:assert/strict";
import { type Box, COMMANDS, type Needs, type Result, type Started, toolTest } from "./harness.ts";

/** What the machine itself is made with. */
const PROGRAMS = ["unshare", "nsenter", "chroot", "mount", "ip", "perl"];

/** PATH of root's shell, as daemontools' svscanboot has it. */
const PATH = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";

/** The commands of the C packages. */
const COMMAND_NAMES = [
  ..."envdir envuidgid fghack multilog pgrphack readproctitle setlock setuidgid softlimit supervise"
    .split(" "),
  ..."svc svok svscan svscanboot svstat tai64n tai64nlocal".split(" "),
  ..."addcr argv0 date@ delcr finger@ fixcrio http@ mconnect mconnect-io rblsmtpd recordio tcpcat"
    .split(" "),
  ..."tcpclient tcprules tcprulescheck tcpserver who@".split(" "),
];

/**
 * Builds the root directory in new/ and starts process 1 in it; $1 is `ours`, `c` or `bare`, $2 the folder of our
 * commands, $3 the names of all commands, $4 what process 1 calls itself.
 */
const BOOT = `
set -e
mount --make-rprivate /
mkdir new
mount -t tmpfs -o mode=755 none new
for top in /*; do
  case \${top#/} in
    usr | bin | sbin | lib* | dev)
      if [ -L "$top" ]; then cp -P "$top" new
      else mkdir "new$top" && mount --rbind "$top" "new$top"
      fi ;;
    etc) cp -a /etc new && rm -rf new/etc/service new/etc/inittab ;;
  esac
done
cd new
mkdir -p command service proc root home mnt opt run srv tmp var/log var/run var/tmp
chmod 1777 tmp var/tmp
mount -t proc none proc
mount -o remount,bind,ro usr
mount -t tmpfs -o mode=755 none usr/local
mkdir usr/local/bin usr/local/sbin
for name in $3; do
  [ -e usr/bin/$name ] || continue
  # The C tools can't stand in for a tool that is not there.
  if [ "$1" != c ]; then mount --bind /dev/null usr/bin/$name
  else ln -s /usr/bin/$name command/$name
  fi
done
[ "$1" != bare ] || rmdir command service
if [ "$1" = ours ]; then
  mkdir package
  mount --rbind "$2/../package" package
  cp -RP "$2/." command
fi
[ "$1" = bare ] || for command in command/*; do ln -s "/$command" "usr/local/bin/\${command#command/}"; done
ip link set lo up
# Whatever loses its parent is process 1's: it must be reaped.
mkdir opt/first && cp usr/bin/sleep "opt/first/$4"
exec perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' chroot . "/opt/first/$4" infinity
`;

/** Arguments: the own address, host, port or service, what to say. */
const TELNET = `
use IO::Socket::INET;
my ($from, $host, $port, $said) = @ARGV;
my $peer = IO::Socket::INET->new(LocalAddr => $from, PeerAddr => $host, PeerPort => $port) or exit 1;
$peer->autoflush(1);
print $peer $said;
shutdown($peer, 1);
print while <$peer>;
`.replaceAll("\n", " ");

/** A procedure of the documents, tried on a machine with our tools and on one with the C ones. */
export function machineTest(
  name: string,
  tools: readonly string[],
  body: (machine: Machine) => Promise<void>,
  needs: Needs = {},
): void {
  const programs = [...PROGRAMS, ...needs.programs ?? []];
  toolTest(name, tools, async (box) => {
    await body(await Machine.boot(box));
  }, { ...needs, root: true, programs });
}

/**
 * A machine without any of the tools, on which a release is to be installed.
 *
 * @param init what process 1 calls itself
 */
export function bareMachineTest(
  name: string,
  init: string,
  body: (machine: Machine, box: Box) => Promise<void>,
): void {
  toolTest(name, ["djbox"], async (box) => {
    await body(await Machine.boot(box, "bare", init), box);
  }, { djboxOnly: "djbox is what is installed", root: true, programs: PROGRAMS });
}

/** As `bareMachineTest`, on a machine on which C's tools are installed. */
export function originalMachineTest(
  name: string,
  init: string,
  body: (machine: Machine, box: Box) => Promise<void>,
  programs: readonly string[] = [],
): void {
  toolTest(name, ["djbox"], async (box) => {
    await body(await Machine.boot(box, "c", init), box);
  }, {
    djboxOnly: "djbox is what is installed",
    root: true,
    programs: [...PROGRAMS, "svscan", "multilog", ...programs],
  });
}

/** A machine that runs. */
export class Machine {
  /** Whether the tools are ours. */
  readonly ours: boolean;
  readonly #box: Box;
  readonly #init: number;
  #typed = 0;

  private constructor(box: Box, init: number) {
    this.#box = box;
    this.ours = box.ours;
    this.#init = init;
  }

  static async boot(box: Box, which = box.ours ? "ours" : "c", first = "sleep"): Promise<Machine> {
    const namespaces = ["--mount", "--pid", "--net", "--uts", "--fork", "--kill-child"];
    const args = [which, COMMANDS, COMMAND_NAMES.join(" "), first];
    const { pid } = box.start(["unshare", ...namespaces, "sh", "-c", BOOT, "sh", ...args]);
    let init = 0;
    const comm = (): string => {
      try {
        init = Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`));
        return init === 0 ? "" : Deno.readTextFileSync(`/proc/${init}/comm`);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return "";
        throw error;
      }
    };
    await box.until(`the machine is up: ${box.read("err")}`, () => comm() === `${first}\n`);
    return new Machine(box, init);
  }

  /** Types `lines` at a shell of root's and leaves what they start in the background running. */
  start(lines: string, cwd = "/"): Started & { output: () => string; errors: () => string } {
    const number = ++this.#typed;
    const out = `console${number}.out`;
    const err = `console${number}.err`;
    const enter = ["nsenter", "-t", String(this.#init), "-m", "-p", "-n", "-u", "-r", "-w"];
    const started = this.#box.start(
      [...enter, "/bin/sh", "-c", `cd '${cwd}'\n${lines}`],
      { out, err, env: { PATH, HOME: "/root" } },
    );
    return {
      ...started,
      output: (): string => this.#box.read(out),
      errors: (): string => this.#box.read(err),
    };
  }

  /** Plays the init that is told to read /etc/inittab again: has running what djbox's line there says, while it is there. */
  playInit(): Started {
    const line = "^SV:.*:respawn:\\(/command/.*\\)";
    return this.start(
      `until grep -qs '${line}' /etc/inittab; do sleep 0.1; done
      while grep -q '${line}' /etc/inittab; do $(sed -n 's!${line}!\\1!p' /etc/inittab); sleep 0.1; done`,
    );
  }

  /** Copies what is in `folder` here into `path` there. */
  async bring(folder: string, path: string): Promise<void> {
    const there = `/proc/${this.#init}/root${path}`;
    const { code, stderr } = await this.#box.sh(
      `mkdir -p '${there}' && cp -a '${folder}/.' '${there}'`,
    );
    equal(code, 0, stderr);
  }

  /** Types `lines` and waits for the prompt. */
  async type(lines: string, cwd = "/"): Promise<Result> {
    const started = this.start(lines, cwd);
    return { code: await started.ended, stdout: started.output(), stderr: started.errors() };
  }

  /** Types `lines`, which must say nothing but what is returned, and succeed. */
  async output(lines: string, cwd = "/"): Promise<string> {
    const { code, stdout, stderr } = await this.type(lines, cwd);
    equal(stderr, "", `${lines}: ${stderr}`);
    equal(code, 0, `${lines}: ${code}`);
    return stdout;
  }

  /** Writes a file as an editor would; a run script can be executed. */
  async edit(path: string, content: string): Promise<void> {
    const chmod = content.startsWith("#!") ? `chmod 755 '${path}'` : "true";
    const text = `'${content.replaceAll("'", `'\\''`)}'`;
    const slash = path.lastIndexOf("/");
    await this.output(
      `mkdir -p '${path.slice(0, slash) || "/"}' && printf %s ${text} >'${path}' && ${chmod}`,
    );
  }

  /** Types `lines` again and again until the output is what `expected` says; returns the output. */
  async until(lines: string, expected: RegExp, cwd = "/"): Promise<string> {
    let last = "";
    await this.#box.until(`${lines}: ${expected}`, async () => {
      const { stdout, stderr } = await this.type(lines, cwd);
      last = stdout + stderr;
      return expected.test(last);
    }).catch((error: Error) => ok(false, `${error.message}; last seen: ${last}`));
    return last;
  }

  /** What `telnet host port` shows when `said` is typed and then the end of input; `from` is the client's address. */
  async telnet(host: string, port: string, said = "", from = "127.0.0.1"): Promise<string> {
    const { code, stdout } = await this.type(
      `perl -e '${TELNET}' ${from} ${host} ${port} '${said}'`,
    );
    return code === 0 ? stdout : "no connection\n";
  }
}
