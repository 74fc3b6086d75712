// SPDX-License-Identifier: 0BSD
// What deno task release makes, installed at / on a machine that has neither Deno nor npm nor a network. dpkg itself
// is not run: its steps are, on what dpkg-deb unpacks.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Box } from "../harness/harness.ts";
import { toolTest } from "../harness/harness.ts";
import { bareMachineTest, type Machine } from "../harness/machine.ts";
import { makeRelease, VERSION } from "../harness/release.ts";
import { ROOT } from "../../scripts/root.ts";

const ONLY = { djboxOnly: "djbox is what is released" };
const RELEASE = ROOT + "scripts/release.ts";

/** Makes a release in the folder `name` of the box. */
async function release(box: Box, name: string): Promise<string> {
  const to = `${box.dir}/${name}`;
  const { code, stderr } = await box.run(
    [Deno.execPath(), "run", "-A", RELEASE, "--to", to],
    { env: { SOURCE_DATE_EPOCH: "1795246980" } },
  );
  deepEqual([code, stderr], [0, ""]);
  return to;
}

const DEB = `djbox_${VERSION}_${Deno.build.arch === "x86_64" ? "amd64" : "arm64"}.deb`;

toolTest(
  "a release is the same bytes each time, and its sums are right",
  ["djbox"],
  async (box) => {
    const [one, two] = [await release(box, "one"), await release(box, "two")];
    const { code, stdout } = await box.sh(
      "sha256sum -c SHA256SUMS && cmp SHA256SUMS ../two/SHA256SUMS",
      {
        cwd: one,
      },
    );
    deepEqual([code, stdout], [0, `djbox-${VERSION}.tar.gz: OK\n${DEB}: OK\n`]);
    deepEqual([...Deno.readDirSync(two)].map(({ name }) => name).sort(), [
      "SHA256SUMS",
      `djbox-${VERSION}.tar.gz`,
      DEB,
    ]);
    const listing = await box.sh(`tar -tvzf djbox-${VERSION}.tar.gz`, { cwd: one });
    equal(listing.stderr, "");
    for (const line of listing.stdout.trim().split("\n")) {
      match(
        line,
        /^[dl-]\S+ root\/root .* admin\//,
      );
    }
    const control = await box.sh(`ar t ${DEB} | tr '\n' ' '; dpkg-deb -f ${DEB} Package Version`, {
      cwd: one,
    });
    equal(
      control.stdout,
      `debian-binary control.tar.gz data.tar.gz Package: djbox\nVersion: ${VERSION}\n`,
    );
    const usage = await box.run([Deno.execPath(), "run", "-A", RELEASE, "--x"]);
    deepEqual([usage.code, usage.stderr], [
      100,
      "release: usage: release [ --to dir ] [ --no-prelink ]\n",
    ]);
  },
  { ...ONLY, programs: ["dpkg-deb", "ar"] },
);

bareMachineTest(
  "what is released is installed without a network, and removed",
  "sleep",
  async (machine, box) => {
    await machine.bring(await release(box, "made"), "/opt/made");
    await machine.output("ip link set lo down; mkdir -p /package; chmod 1755 /package");
    await machine.output(`tar -xpzf /opt/made/djbox-${VERSION}.tar.gz`, "/package");
    const said = await machine.output("package/install", `/package/admin/djbox-${VERSION}`);
    match(said, new RegExp(`^djbox: djbox ${VERSION} is in /package/admin/djbox-${VERSION}\n`));
    equal(
      await machine.output("readlink /usr/local/bin/svscan /command/svscan /package/admin/djbox"),
      `/command/svscan\n/package/admin/djbox/command/svscan\ndjbox-${VERSION}\n`,
    );
    equal(await machine.output("stat -c %a /package"), "1755\n");
    const page = await machine.output("! command -v man >/dev/null || man -w 8 svc");
    ok(["", `/package/admin/djbox-${VERSION}/man/man8/svc.8\n`].includes(page), page);
    // As administrators do: `cp command/* elsewhere`.
    await machine.output("mkdir /opt/bin; cp /command/svok /command/tai64n /opt/bin");
    equal(await machine.output("echo | /opt/bin/tai64n | wc -c"), "27\n");
    await machine.edit("/service/a/run", "#!/bin/sh\nexec sleep 1000\n");
    machine.start("svscanboot");
    await machine.until("svstat /service/a", /: up /);
    match(
      await machine.output("djbox uninstall"),
      /stopped\n.*\ndjbox: \/service\/a was left, with what is in it\n$/,
    );
    equal(
      await machine.output("/opt/bin/svok 2>&1; ls -d /package /command 2>&1; :"),
      "djbox: fatal: unable to run the runtime beside it (runtime/deno)\n" +
        "ls: cannot access '/package': No such file or directory\n" +
        "ls: cannot access '/command': No such file or directory\n",
    );

    // The Debian package.
    await machine.output(`dpkg-deb -x ${DEB} tree && dpkg-deb -e ${DEB} control`, "/opt/made");
    // /usr is not to be written here.
    await machine.output(
      "sed -i s,/usr/lib/djbox,/opt/made/tree/usr/lib/djbox, control/*",
      "/opt/made",
    );
    match(await machine.output("control/postinst configure", "/opt/made"), / is in use: /);
    equal((await machine.type("svok")).code, 100);
    // What dpkg calls on an upgrade changes nothing; on removal all goes.
    equal(await machine.output("control/prerm upgrade 99; svok 2>&1 | wc -l", "/opt/made"), "1\n");
    // As it is after an uninstall that was killed.
    await machine.output("rm /package/admin/djbox");
    match(
      await machine.output("control/prerm remove", "/opt/made"),
      /^djbox: djbox is no more in /,
    );
    equal((await machine.type("ls -d /package /command")).code, 2);
    await machine.edit(`/package/admin/djbox-${VERSION}.tar.gz`, "");
    equal(await machine.output("control/prerm remove", "/opt/made"), "");
  },
);

/** What is at / that an installation may touch. */
const SNAPSHOT =
  "find /package /command /service /usr/local /etc/inittab -printf '%p %l %s %m\n' " +
  "2>/dev/null | sort; :";

async function refused(machine: Machine, how: string, expected: RegExp): Promise<void> {
  const before = await machine.output(SNAPSHOT);
  const { code, stdout, stderr } = await machine.type(how);
  deepEqual([code, stdout], [111, ""]);
  match(stderr, expected);
  equal(await machine.output(SNAPSHOT), before);
}

bareMachineTest(
  "whatever fails leaves the system as it was, and says what to do",
  "init",
  async (machine, box) => {
    await machine.bring(await makeRelease(box, "release"), "/opt/release");
    await machine.edit("/etc/inittab", "id:3:initdefault:\n");
    const install = "/opt/release/package/install";
    await refused(
      machine,
      `setpriv --reuid=65534 --clear-groups ${install}`,
      /^djbox: fatal: unable to create \/package\/admin: access denied; only root may do that; with --root DIR any user may; nothing was changed\n$/,
    );
    await machine.output("mount -t tmpfs none /srv; mount -t tmpfs -o ro none /mnt");
    await refused(
      machine,
      `${install} --root /mnt`,
      /^djbox: fatal: unable to create \/mnt\/package\/admin: read-only file system; mount it writable, or install elsewhere with --root DIR; nothing was changed\n$/,
    );
    await machine.output("mkdir /package; mount -t tmpfs -o size=20M none /package");
    await refused(
      machine,
      install,
      /^djbox: fatal: unable to copy \/opt\/release to \/package\/admin\/djbox-\S+: out of disk space; make room there and do this again; nothing was changed\n$/,
    );
    await machine.output("umount /package");
    // The disk of the links is full, that of the package is not.
    await machine.output("mount -t tmpfs -o size=1M,nr_inodes=20 none /usr/local");
    await refused(
      machine,
      install,
      /^djbox: fatal: unable to make the link \/usr\/local\/bin\/\S+: out of disk space; .*nothing was changed\n$/,
    );
    await machine.output("umount /usr/local; mount -o remount,ro /");
    await refused(
      machine,
      install,
      /read-only file system; mount it writable, .*; nothing was changed\n$/,
    );
    await machine.output("mount -o remount,rw /");
    machine.playInit();
    ok(
      (await machine.output(install)).includes(
        "/etc/inittab has svscan started at boot (inittab)\n",
      ),
    );
  },
);
