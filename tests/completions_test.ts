// SPDX-License-Identifier: 0BSD
// Completion for bash and zsh, tried on a folder of services: what a word at the end of a command line becomes.
// Not tested: how the shells show several candidates.
import { deepEqual, equal, ok } from "node:assert/strict";
import { baseName, House } from "../scripts/house.ts";
import { ROOT } from "../scripts/root.ts";
import { type Box, toolTest } from "./harness/harness.ts";
import { optionsOf } from "./harness/options.ts";

const HOUSE = new House(ROOT);
const BASH = HOUSE.read("completions/bash/djbox");
const ZSH = HOUSE.read("completions/zsh/_djbox");

Deno.test("completion knows the options that the tools have, and no others", () => {
  const letters = (line: RegExp, text: string): string[] =>
    [...text.matchAll(line)].map(([, tool, options = ""]) => `${tool} ${sorted(options)}`);
  const theirs = HOUSE.table().filter(({ name }) => optionsOf(HOUSE, name) !== "")
    .map(({ name }) => `${name} ${sorted(optionsOf(HOUSE, name))}`);
  ok(theirs.length >= 6);
  deepEqual(letters(/^ {4}(\S+)\) echo ([\w:]+) ;;$/gm, options(BASH)), theirs);
  deepEqual(letters(/^ {4}(\S+)\) REPLY=([\w:]+) ;;$/gm, options(ZSH)), theirs);
});

Deno.test("completion knows the long options that djbox's own commands have, and no others", () => {
  const theirs = HOUSE.tools().flatMap(({ path, text }) => {
    const [, flags = "", values = ""] =
      /parseOptions\([^[]*\[([^\]]*)\], \[([^\]]*)\]\)/.exec(text) ?? [];
    const long = [...words(flags), ...words(values).map((name) => `${name}=`)].sort();
    return long.length === 0
      ? []
      : [`${baseName(path)} ${long.map((name) => `--${name}`).join(" ")}`];
  });
  ok(theirs.length >= 3);
  const [bash = ""] = /^_djbox_long_options\(\) \{\n[^]*?^\}/m.exec(BASH) ?? [];
  deepEqual(
    [...bash.matchAll(/^ {4}(\S+)\) echo (--.*) ;;$/gm)].map(([, a, b]) => `${a} ${b}`),
    theirs,
  );
  const zsh = [...ZSH.matchAll(/^ {4}(djbox-\w+)\)([^]*?);;$/gm)].map(([, tool, text = ""]) =>
    `${tool} ${(text.match(/--[a-z-]+=?/g) ?? []).join(" ")}`
  );
  deepEqual(zsh, theirs);
});

function words(list: string): string[] {
  return [...list.matchAll(/"([^"]*)"/g)].map(([, word = ""]) => word);
}

/** The function that has the tools' letters. */
function options(text: string): string {
  return /^_djbox_(?:options|letters)\(\) \{\n[^]*?^\}/m.exec(text)?.[0] ?? "";
}

function sorted(letters: string): string {
  return (letters.match(/\w:?/g) ?? []).sort().join(" ");
}

Deno.test("both shells complete for the same tools, and these are tools", () => {
  const [, bash = ""] = /\ncomplete -o default -F _djbox ((?:\\\n|.)*)\n/.exec(BASH) ?? [];
  const names = bash.replaceAll("\\\n", " ").split(/\s+/);
  deepEqual(/^#compdef (.*)$/m.exec(ZSH)?.[1]?.split(" "), names);
  // bash-completion looks for a file that is called like the command.
  deepEqual([...Deno.readDirSync(`${ROOT}completions/bash`)].map(({ name }) => name).sort(), names);
  const table = HOUSE.table().map(({ name }) => name);
  deepEqual(names.filter((name) => !table.includes(name)), []);
  for (const tool of table.filter((tool) => optionsOf(HOUSE, tool) !== "")) {
    ok(names.includes(tool));
  }
});

/** What is typed, and what the command line is after the tabulator; SERVICES stands for the folder. */
const LINES: readonly (readonly [string, string])[] = [
  ["svstat he", "svstat SERVICES/hello"],
  ["svc -t we", "svc -t SERVICES/web"],
  ["svc -d /usr/local/nosuch we", "svc -d /usr/local/nosuch SERVICES/web"],
  ["svok SERVICES/hello/lo", "svok SERVICES/hello/log"],
  ["setuidgid nobod", "setuidgid nobody"],
  ["setuidgid nobody tcpserv", "setuidgid nobody tcpserver"],
  ["envdir . setlock -n lock svstat he", "envdir . setlock -n lock svstat SERVICES/hello"],
  ["tcpserver -vc 5 -x rules.cdb 0 25 recordi", "tcpserver -vc 5 -x rules.cdb 0 25 recordio"],
  ["tcpserver -xrules.cdb 0 25 setuidg", "tcpserver -xrules.cdb 0 25 setuidgid"],
  ["tcpserver -vllocalhost 0 25 recordi", "tcpserver -vllocalhost 0 25 recordio"],
  [
    "tcpserver -vl localhost -x rules.cdb ::1 25 recordi",
    "tcpserver -vl localhost -x rules.cdb ::1 25 recordio",
  ],
  ["svok SERVICES/getty@t", "svok SERVICES/getty@tty1"],
  ["djbox tai64nl", "djbox tai64nlocal"],
  ["djbox hel", "djbox help"],
  ["djbox help 5 logd", "djbox help 5 logdir"],
  ["djbox help 8 svst", "djbox help 8 svstat"],
  ["djbox install --repl", "djbox install --replace"],
  ["djbox install --no-boot comp", "djbox install --no-boot compile"],
  ["djbox boot --init syst", "djbox boot --init systemd"],
  ["djbox boot --init=sy", "djbox boot --init=systemd"],
  ["djbox boot --init=rc.local --rem", "djbox boot --init=rc.local --remove"],
  ["djbox install --root=SERVICES/hel", "djbox install --root=SERVICES/hello"],
  ["djbox-uninstall --root SERVICES/hel", "djbox-uninstall --root SERVICES/hello"],
  ["djbox svstat he", "djbox svstat SERVICES/hello"],
];

/** The folder of services, and a program that is named like one. */
function makeServices(box: Box): string {
  for (const name of ["hello", "web", "hello/log", "getty@tty1"]) {
    box.script(`services/${name}/run`, "exec sleep 9");
  }
  return `${box.dir}/services`;
}

function expected(services: string): string {
  return LINES.map(([, line]) => line.replace("SERVICES", services) + "\n").join("");
}

const BASH_DRIVER = `
. "$1"
while read -r COMP_LINE; do
  # As bash parts it.
  COMP_WORDS=($(echo "$COMP_LINE" | sed 's/[=:@]/ & /g'))
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  COMP_POINT=\${#COMP_LINE}
  # An @ is replaced, too.
  word=\${COMP_LINE##*[ =:]}
  [[ $word != *@* ]] || word=@\${word##*@}
  _djbox "$COMP_WORDS" "$word"
  echo "\${COMP_LINE%"$word"}\${COMPREPLY[0]}"
done
`;

toolTest("bash completes options, services, accounts and chains", ["djbox"], async (box) => {
  const services = makeServices(box);
  const { stdout, stderr } = await box.run(
    ["bash", "-c", BASH_DRIVER, "bash", `${ROOT}completions/bash/djbox`],
    {
      env: { SERVICEDIR: services },
      stdin: LINES.map(([typed]) => typed.replace("SERVICES", services) + "\n").join(""),
    },
  );
  equal(stderr, "");
  equal(stdout, expected(services));
}, { djboxOnly: "there is no completion but ours", programs: ["bash"] });

toolTest("bash completes a single - to the options of the tool", ["djbox"], async (box) => {
  const script = `. '${ROOT}completions/bash/djbox'
    COMP_LINE='setuidgid nobody setlock -' COMP_POINT=26
    COMP_WORDS=(setuidgid nobody setlock -) COMP_CWORD=3
    _djbox setuidgid -
    echo "\${COMPREPLY[*]}"`;
  equal((await box.run(["bash", "-c", script])).stdout, "-n -N -x -X\n");
}, { djboxOnly: "there is no completion but ours", programs: ["bash"] });

toolTest("bash completes a word that the cursor is in", ["djbox"], async (box) => {
  const script = `. '${ROOT}completions/bash/djbox'
    COMP_LINE='tcpserver 0 25 recordi' COMP_POINT=18
    COMP_WORDS=(tcpserver 0 25 recordi) COMP_CWORD=3
    _djbox tcpserver rec
    echo "\${COMPREPLY[0]}"`;
  equal((await box.run(["bash", "-c", script])).stdout, "recordio\n");
}, { djboxOnly: "there is no completion but ours", programs: ["bash"] });

/** Types at a zsh behind a terminal. Its line editor prints the line that it has completed. */
const ZSH_DRIVER = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell ". ./inner"
while read -r line; do zpty -w -n shell "$line"$'\\x14'; done
zpty -w shell exit
while zpty -r shell out; do print -r -- $out; done
`;
const ZSH_INNER = `
fpath=('${ROOT}completions/zsh' $fpath)
autoload -U compinit
compinit -u -D
LISTMAX=10000
w() { zle complete-word; BUFFER="print -r -- $BUFFER >>lines"; zle accept-line }
zle -N w
bindkey '^T' w
`;

toolTest("zsh completes options, services, accounts and chains", ["djbox"], async (box) => {
  const services = makeServices(box);
  box.write("inner", ZSH_INNER);
  await box.run(["zsh", "-f", "-c", ZSH_DRIVER], {
    env: { SERVICEDIR: services, TERM: "dumb" },
    stdin: LINES.map(([typed]) => typed.replace("SERVICES", services) + "\n").join(""),
  });
  // Behind a folder there may be a slash.
  equal(box.read("lines").replaceAll("/\n", "\n"), expected(services));
}, { djboxOnly: "there is no completion but ours", programs: ["zsh"] });
