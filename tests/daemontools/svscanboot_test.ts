// SPDX-License-Identifier: 0BSD
// svscanboot looks in places that only root may change and that belong to the machine; so it runs in a root
// directory of its own, in a mount namespace, with stand-ins for the programs that it starts.
//
// Not tested here: no /dev/null, pipes that cannot be made.
import { deepEqual, equal } from "node:assert/strict";
import { type Box, type Needs, toolTest } from "../harness/harness.ts";

const PATH = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";

/** Everything that is in /, but for /etc/service, /service and /command. */
const NEW_ROOT = `
mount --make-rprivate / && mkdir new && mount -t tmpfs none new || exit 99
for top in /*; do
  name=\${top#/}
  case $name in
    command | service) ;;
    etc) cp -a /etc new/etc && rm -rf new/etc/service ;;
    *) if [ -L "$top" ]; then cp -P "$top" "new/$name"
      elif [ -d "$top" ]; then mkdir "new/$name" && mount --rbind "$top" "new/$name" || exit 99
      fi ;;
  esac
done
mkdir new/command new/record
`;

/** Notes how it was started. */
const NOTE = `#!/bin/sh
name=\${0##*/}
printf '%s\\n' "$@" >/record/$name.args
tr '\\0' '\\n' </proc/$$/environ >/record/$name.environ
fds="$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)"
echo "$fds" >/record/$name.fds
`;

/** What a stand-in has noted. */
interface Note {
  readonly args: string[];
  readonly environ: string[];
  readonly fds: string[];
}

/** Runs svscanboot where `services` exist; the stand-ins end in `endings`. Returns its exit code, or undefined. */
async function boot(
  box: Box,
  services: readonly string[],
  endings: Readonly<Record<string, string>>,
  start = 'FOO=bar chroot new "$boot"',
): Promise<number> {
  const programs = {
    svc: "",
    svscan: "echo out; echo error >&2",
    readproctitle: "cat >/record/text",
  };
  for (const [name, ending] of Object.entries({ ...programs, ...endings })) {
    box.write(`programs/${name}`, ending.startsWith("!") ? ending : `${NOTE}${ending}\n`, 0o755);
  }
  const directories = services.map((service) => `new${service}`).join(" ");
  box.script(
    "inside",
    `${NEW_ROOT} mkdir -p ${directories || "new"} && cp -p programs/* new/command || exit 99
    boot=$(command -v svscanboot)
    ${start}
    code=$?
    cp -r new/record . && exit $code`,
  );
  const { code, stdout, stderr } = await box.run(["unshare", "-m", "./inside"]);
  deepEqual([stdout, stderr], ["", ""]);
  return code;
}

function note(box: Box, name: string): Note {
  const lines = (kind: string): string[] =>
    box.read(`record/${name}.${kind}`).split("\n").slice(0, -1);
  return { args: lines("args"), environ: lines("environ"), fds: lines("fds") };
}

function bootTest(
  name: string,
  body: (box: Box) => Promise<void>,
  needs: Needs = {},
): void {
  const programs = ["unshare", "chroot"];
  toolTest(`svscanboot ${name}`, ["svscanboot"], body, { root: true, programs, ...needs });
}

bootTest("connects svscan with readproctitle", async (box) => {
  equal(await boot(box, ["/etc/service/a"], { readproctitle: "cat >/record/text; exit 7" }), 7);
  const svscan = note(box, "svscan");
  const [, pipe] = svscan.fds;
  deepEqual(svscan, {
    args: ["/etc/service"],
    environ: [`PATH=${PATH}`],
    fds: ["/dev/null", pipe, pipe],
  });
  deepEqual(note(box, "readproctitle"), {
    args: ["service", "errors:", ".".repeat(400)],
    environ: [`PATH=${PATH}`],
    fds: [pipe, "/dev/null", "/dev/null"],
  });
  equal(box.read("record/text"), "out\nerror\n");
});

bootTest("tells old services and loggers to go, first of all", async (box) => {
  const services = ["/etc/service/b/log", "/etc/service/a", "/etc/service/.hidden/log"];
  equal(
    await boot(box, services, { svc: "sleep .1; test ! -e /record/svscan.args || echo late >&2" }),
    0,
  );
  const svc = note(box, "svc");
  deepEqual(svc.args, ["-dx", "/etc/service/a", "/etc/service/b", "/etc/service/b/log"]);
  deepEqual(svc.fds, ["/dev/null", "/dev/null", "/dev/null"]);
  deepEqual(
    svc.environ.filter((entry) => entry.startsWith("FOO=") || entry.startsWith("PATH=")).sort(),
    ["FOO=bar", `PATH=${PATH}`],
  );
  equal(box.read("record/text"), "out\nerror\n");
});

bootTest("waits for both, and ends as readproctitle does", async (box) => {
  const endings = { svscan: "exec >&- 2>&-; sleep .2; echo done >/record/late; exit 3" };
  equal(await boot(box, ["/etc/service/a"], endings), 0);
  equal(box.read("record/late"), "done\n");
});

bootTest("keeps nobody waiting who reads what its caller says", async (box) => {
  const until = (file: string): string => `until [ -e ${file} ]; do sleep .05; done`;
  // Whoever does not let go of the pipe waits for what waits for the reader.
  const start = `{ chroot new "$boot" & } | cat; touch new/record/end; ${until("new/record/over")}`;
  const endings = { svscan: `${until("/record/end")}; touch /record/over` };
  equal(await boot(box, ["/etc/service/a"], endings, start), 0);
});

bootTest("ends as a shell does when readproctitle is killed", async (box) => {
  equal(await boot(box, ["/etc/service/a"], { readproctitle: "kill -TERM $$" }), 143);
});

bootTest("starts svscan again that was killed, with the same readproctitle", async (box) => {
  const svscan = "[ ! -e /record/first ] || { echo again; exit; }; : >/record/first; kill -9 $$";
  equal(await boot(box, ["/etc/service/a"], { svscan }), 0);
  equal(box.read("record/text"), "again\n");
}, { djboxOnly: "C's supervises go on when svscan is killed" });

bootTest("tells readproctitle that svscan cannot be run", async (box) => {
  equal(await boot(box, ["/etc/service/a"], { svscan: "!" }), 0);
  equal(
    box.read("record/text"),
    "svscanboot: fatal: unable to run svscan: exec format error\n",
  );
}, { djboxOnly: "the C package's shell script says it in env(1)'s words" });

for (
  const [services, place] of [
    [["/service/a", "/etc/service/b"], "/service"],
    [["/service", "/etc/service/b"], "/etc/service"],
    [["/etc/service"], "/etc/service"],
    [["/service"], "/service"],
    [[], "/service"],
  ] as const
) {
  bootTest(
    `looks after ${place} where there is ${services.join(" and ") || "none"}`,
    async (box) => {
      equal(await boot(box, services, {}), 0);
      deepEqual(note(box, "svscan").args, [place]);
    },
    { djboxOnly: "the C package has one place or the other written into its script" },
  );
}
