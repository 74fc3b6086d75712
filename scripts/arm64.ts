// SPDX-License-Identifier: 0BSD
/**
 * deno task arm64 [FILTER ...]: runs the tests, or those whose files have a FILTER in their names, on arm64. The machine
 * is emulated, by qemu(1): a Debian of its own with the C tools, Deno's package for arm64, and this checkout.
 *
 * It is ten times slower than a real one and more: without a FILTER the tests take hours. What it is made of is fetched
 * once, into build/arm64; it has no network then.
 *
 * Exit codes: those of the tests; 100 wrong usage; 111 there can be no such machine. It takes root and the programs named
 * below.
 *
 * @module
 */
import { isThere, makeDirectories, placeFile, placeLink, placeText, removeAll } from "./placing.ts";
import { ROOT } from "./root.ts";

const HERE = ROOT + "build/arm64";
/** The machine's files, and what there is before it has them. */
const SYSTEM = HERE + "/system";
const EARLY = HERE + "/early";
const DISK = HERE + "/disk";
/** Is there when these are whole. */
const MADE = `${HERE}/made-with-deno-${Deno.version.deno}`;
const GIGABYTE = 2 ** 30;

const ARCHIVE = "http://deb.debian.org/debian";
const SUITE = "bookworm";
/** Beside what is in every Debian. */
const PACKAGES = [
  "busybox-static",
  "daemontools",
  "iproute2",
  "linux-image-cloud-arm64",
  "procps",
  "runit",
  "strace",
  "tinycdb",
  "ucspi-tcp",
];
/** The modules that the kernel needs to see its disk, in the order in which it takes them. */
const MODULES = ["virtio", "virtio_ring", "virtio_mmio", "virtio_blk"];

/** Programs, and Debian's packages that they are in. */
const NEEDED = [
  ["qemu-system-aarch64", "qemu-system-arm"],
  ["debootstrap", "debootstrap"],
  ["mkfs.ext4", "e2fsprogs"],
  ["cpio", "cpio"],
  ["git", "git"],
  ["npm", "npm"],
] as const;

/** How many times slower the machine is than the one that it runs on, at least. */
const SLOWNESS = 10;

/** On the console, with the exit code of the tests behind it. */
const ENDED = "arm64: the tests have ended with ";

const EARLY_INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in ${MODULES.join(" ")}; do /bin/busybox insmod /$module.ko; done
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /system
exec /bin/busybox switch_root /system /init
`;

const INIT = `#!/bin/sh
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root DENO_DIR=/root/deno NO_COLOR=1 DJBOX_SLOWNESS=${SLOWNESS}
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
ip link set lo up
for module in inet_diag tcp_diag; do
  find /lib/modules -name $module.ko -exec busybox insmod {} \\;
done
cd /djbox
setsid -c -w sh /tests </dev/ttyAMA0 >/dev/ttyAMA0 2>&1
echo "${ENDED}$?" >/dev/ttyAMA0
sync
busybox poweroff -f
`;

/** A machine is not to be had. */
class Unable extends Error {}

async function main(filters: readonly string[]): Promise<number> {
  if (!filters.every((filter) => /^[\w@./][\w@./-]*$/.test(filter))) {
    console.error("arm64: usage: arm64 [ filter ... ]");
    return 100;
  }
  try {
    checkNeeds();
    makeDirectories(HERE);
    if (!isThere(MADE)) makeSystem();
    placeTask(filters);
    makeDisk();
    return await boot();
  } catch (error) {
    if (!(error instanceof Unable)) throw error;
    console.error(`arm64: fatal: ${error.message}`);
    return 111;
  }
}

function checkNeeds(): void {
  const isLacking = ([program]: readonly [string, string]): boolean => {
    const args = ["-c", `command -v ${program}`];
    return !new Deno.Command("sh", { args, stdout: "null" }).outputSync().success;
  };
  const lacking = NEEDED.filter(isLacking).map(([, debian]) => debian);
  if (lacking.length > 0) throw new Unable(`lacking: apt-get install ${lacking.join(" ")}`);
  if (Deno.uid() !== 0) throw new Unable("only root can make the files of a machine");
}

/** Debian as it comes out of its packages: nothing that is in them is run. */
function makeSystem(): void {
  console.log("arm64: making the machine");
  for (const made of [SYSTEM, EARLY]) removeAll(made);
  const what = ["--foreign", "--variant=minbase", `--include=${PACKAGES.join(",")}`];
  run("debootstrap", ["--arch=arm64", ...what, SUITE, SYSTEM, ARCHIVE]);
  const archives = SYSTEM + "/var/cache/apt/archives";
  for (const name of namesIn(archives).filter((name) => name.endsWith(".deb"))) {
    run("dpkg-deb", ["-x", `${archives}/${name}`, SYSTEM]);
  }
  removeAll(archives);
  for (const file of ["passwd", "group"]) {
    placeFile(`${SYSTEM}/usr/share/base-passwd/${file}.master`, `${SYSTEM}/etc/${file}`, 0o644);
  }
  placeLink("mawk", SYSTEM + "/usr/bin/awk");
  placeRuntime(SYSTEM + "/usr/local/bin");
  makeEarly();
  placeText("", MADE, 0o644);
}

function placeRuntime(directory: string): void {
  const name = `@deno/linux-arm64-glibc@${Deno.version.deno}`;
  const archive = run("npm", ["pack", "--silent", name]).trim();
  makeDirectories(directory);
  run("tar", ["-xzf", archive, "-C", directory, "--strip-components=1", "package/deno"]);
  removeAll(`${HERE}/${archive}`);
}

/** What mounts the disk. */
function makeEarly(): void {
  for (const name of ["bin", "dev", "system"]) makeDirectories(`${EARLY}/${name}`);
  placeFile(SYSTEM + "/bin/busybox", EARLY + "/bin/busybox", 0o755);
  for (const name of MODULES) {
    const path = run("find", [SYSTEM + "/lib/modules", "-name", `${name}.ko`]).trim();
    placeFile(path, `${EARLY}/${name}.ko`, 0o644);
  }
  placeText(EARLY_INIT, EARLY + "/init", 0o755);
  run("sh", ["-c", "cd early && find . | cpio -o -H newc --quiet >../initrd"]);
}

/** The checkout as it is now, the packages that its tests use, and what is to be done with them. */
function placeTask(filters: readonly string[]): void {
  removeAll(SYSTEM + "/djbox");
  makeDirectories(SYSTEM + "/djbox");
  const listed = run("git", ["-C", ROOT, "ls-files", "-co", "--exclude-standard"]);
  const files = listed.split("\n").filter((file) => file !== "" && isThere(ROOT + file));
  placeText(files.join("\n"), HERE + "/files", 0o644);
  run("sh", ["-c", 'tar -c -C "$0" -T files | tar -x -C system/djbox', ROOT]);
  const tests = `${ROOT}tests/harness/properties.ts`;
  run(Deno.execPath(), ["cache", "--quiet", tests], { DENO_DIR: SYSTEM + "/root/deno" });
  placeText(INIT, SYSTEM + "/init", 0o755);
  placeText(`exec deno task test ${filters.join(" ")}\n`, SYSTEM + "/tests", 0o644);
}

function makeDisk(): void {
  removeAll(DISK);
  placeText("", DISK, 0o644);
  Deno.truncateSync(DISK, 4 * GIGABYTE);
  run("mkfs.ext4", ["-q", "-F", "-d", SYSTEM, DISK]);
}

/** Runs the machine until it switches itself off, and shows its console. Returns the exit code of the tests. */
async function boot(): Promise<number> {
  const kernel = namesIn(SYSTEM + "/boot").find((name) => name.startsWith("vmlinuz"));
  const args = [
    ...["-machine", "virt", "-cpu", "max,pauth-impdef=on", "-smp", "2", "-m", "3G"],
    ...["-kernel", `${SYSTEM}/boot/${kernel}`, "-initrd", HERE + "/initrd"],
    ...["-append", "console=ttyAMA0 rdinit=/init quiet panic=-1"],
    ...["-drive", `file=${DISK},format=raw,if=none,id=disk,cache=unsafe`],
    ...["-device", "virtio-blk-device,drive=disk"],
    ...["-nic", "none", "-nographic", "-no-reboot"],
  ];
  const machine = new Deno.Command("qemu-system-aarch64", { args, stdin: "null", stdout: "piped" })
    .spawn();
  let code = 111;
  let rest = "";
  for await (const text of machine.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r*\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith(ENDED)) code = Number(line.slice(ENDED.length));
      else console.log(line.slice(line.lastIndexOf("\r") + 1));
    }
  }
  await machine.status;
  return code;
}

/** Runs a program in HERE that must succeed. Returns what it prints. */
function run(program: string, args: string[], env: Record<string, string> = {}): string {
  const command = new Deno.Command(program, { args, env, cwd: HERE, stderr: "inherit" });
  const { success, stdout } = command.outputSync();
  if (!success) throw new Unable(`${program} has failed`);
  return new TextDecoder().decode(stdout);
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

if (import.meta.main) Deno.exit(await main(Deno.args));
