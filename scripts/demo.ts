// SPDX-License-Identifier: 0BSD
/**
 * deno task demo [--keep]: the main job, shown as an ordinary user in a scratch folder: three services with their
 * loggers under one svscan. Each command is printed as one would type it, with what it printed.
 *
 * With --keep everything goes on running until Ctrl-C. Either way nothing is left.
 *
 * Exit codes: 0; 100 wrong usage; 111 something did not work; 128 and its number after a signal.
 *
 * @module
 */
import { Interrupted, Stage } from "./stage.ts";
import { ROOT } from "./root.ts";
import { freePort } from "./trial/ports.ts";

const SERVICES = ["hello", "count", "ends"];
const ALL = "service/* service/*/log";

async function main(args: readonly string[]): Promise<number> {
  const keep = args[0] === "--keep";
  if (args.length > (keep ? 1 : 0)) {
    console.error("demo: usage: demo [ --keep ]");
    return 100;
  }
  let stage: Stage | undefined;
  try {
    stage = new Stage();
    await play(stage, keep);
    return 0;
  } catch (error) {
    return report(error, stage);
  } finally {
    await stage?.clear(`svc -dx ${ALL}`);
  }
}

async function play(stage: Stage, keep: boolean): Promise<void> {
  const port = freePort();
  await install(stage);
  await makeServices(stage, port);
  const svscan = await start(stage, port);
  await readLogs(stage, await connect(stage, port));
  await restart(stage);
  await downAndUp(stage);
  await lookAtFailures(stage);
  if (keep) await leaveRunning(stage, port);
  await end(stage, svscan);
}

function report(error: unknown, stage: Stage | undefined): number {
  if (error instanceof Interrupted) {
    console.error("\ndemo: interrupted");
    return 128 + error.number;
  }
  console.error(`\ndemo: fatal: ${error instanceof Error ? error.message : error}`);
  const messages = stage === undefined ? "" : readIfThere(`${stage.dir}/svscan.log`);
  if (messages !== "") console.error(`demo: svscan said:\n${messages.trimEnd()}`);
  return 111;
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

async function install(stage: Stage): Promise<void> {
  const dir = quoted(stage.dir);
  stage.say(
    `This is djbox at work: three services, supervised and logged, in ${stage.dir}. It takes a
    quarter of a minute. Ctrl-C ends it; nothing is left behind.`,
    "djbox is built, and installed in that folder instead of in /.",
  );
  const task = async (name: string, words: string): Promise<void> => {
    const run = `${quoted(Deno.execPath())} run -A ${quoted(ROOT)}scripts/${name}.ts`;
    await stage.run(`deno task ${name} ${words}`, `${run} ${words}`);
  };
  await task("build", `--to ${dir}/dist`);
  await task("install", `--from ${dir}/dist --root ${dir}`);
  stage.show(`cd ${dir}`);
  stage.show("PATH=$PWD/command:$PATH");
  stage.usePath(`${stage.dir}/command`);
  await stage.run("djbox --version");
}

async function makeServices(stage: Stage, port: number): Promise<void> {
  stage.say(
    `A service is a directory with an executable file called run. The first service answers on a TCP
    port: tcpserver runs a program for each connection, and lets in whom the rules allow. Rules
    are compiled, and can be tried out.`,
  );
  await stage.run("mkdir -p service/hello/log service/count/log service/ends/log");
  await stage.run(file("service/hello/rules", "127.:allow", ":deny"));
  await stage.run("(cd service/hello && tcprules rules.cdb rules.tmp <rules)");
  for (const address of ["127.0.0.1", "192.0.2.1"]) {
    await stage.run(`TCPREMOTEIP=${address} tcprulescheck service/hello/rules.cdb`);
  }
  await stage.run(script(
    "service/hello/run",
    "exec 2>&1",
    `exec tcpserver -v -HRl localhost -x rules.cdb 127.0.0.1 ${port} \\`,
    `  sh -c 'echo "Hello $TCPREMOTEIP, this is process $$."'`,
  ));
  stage.say("The second writes a numbered line a second. The third ends after three seconds.");
  await stage.run(script(
    "service/count/run",
    "n=0",
    "while n=$((n + 1)); do",
    '  echo "line $n"',
    "  sleep 1",
    "done",
  ));
  await stage.run(script("service/ends/run", 'echo "here for three seconds"', "exec sleep 3"));
  stage.say(
    `What a service prints goes through a pipe to the service in its directory log: multilog puts a
    time stamp in front of each line (t) and keeps the lines in files of limited size (in main).`,
  );
  await stage.run(script("multilog", "exec multilog t ./main"));
  await stage.run("for s in service/*; do cp multilog $s/log/run; done");
  await stage.run("chmod +x service/*/run service/*/log/run");
}

/** Starts svscan; returns its pid. */
async function start(stage: Stage, port: number): Promise<number> {
  stage.say("svscan starts them, with their loggers, and starts again what ends.");
  const pid = stage.start("svscan service >svscan.log 2>&1");
  await stage.until("all services are up", async () => {
    const { output } = await stage.ask(`svstat ${ALL}`);
    return output.match(/: up /g)?.length === 2 * SERVICES.length;
  });
  await stage.until(
    "tcpserver answers",
    async () => (await stage.ask(`tcpcat 127.0.0.1 ${port}`)).code === 0,
  );
  await stage.run(`svstat ${ALL}`);
  return pid;
}

/** Returns the pid of the program that answers. */
async function connect(stage: Stage, port: number): Promise<string> {
  stage.say("A client: tcpcat connects and shows what the service says.");
  const answer = await stage.run(`tcpcat 127.0.0.1 ${port}`);
  return /process (\d+)/.exec(answer)?.[1] ?? "";
}

async function readLogs(stage: Stage, pid: string): Promise<void> {
  stage.say(
    `tcpserver said more about it, in its log. The stamps are TAI64N labels; tai64nlocal turns them
    into local time.`,
  );
  await logged(stage, "hello", new RegExp(` end ${pid} .*\n.*status: `));
  await stage.run("tail -n 4 service/hello/log/main/current");
  await stage.run("tail -n 4 service/hello/log/main/current | tai64nlocal");
}

/** Waits until a service has logged something. */
async function logged(stage: Stage, service: string, what: RegExp): Promise<void> {
  await stage.until(`${what} in the log of ${service}`, async () => {
    return what.test((await stage.ask(`cat service/${service}/log/main/current`)).output);
  });
}

async function restart(stage: Stage): Promise<void> {
  stage.say("svc -t sends a service the signal TERM. It ends, and is started again: another pid.");
  await logged(stage, "count", /line 3\n/);
  await stage.run("svstat service/count");
  await stage.run("svc -t service/count");
  await logged(stage, "count", /line 3\n[^]*line 2\n/);
  await stage.run("svstat service/count");
  await stage.run("tail -n 4 service/count/log/main/current | tai64nlocal");
}

async function downAndUp(stage: Stage): Promise<void> {
  stage.say("svc -d takes it down, and it stays down; svc -u takes it up again.");
  const is = (state: string): Promise<boolean> =>
    stage.until(`count is ${state}`, async () => {
      return (await stage.ask("svstat service/count")).output.includes(`: ${state} `);
    });
  await stage.run("svc -d service/count");
  await is("down");
  await stage.run("svstat service/count");
  await stage.run("svc -u service/count");
  await is("up");
  await stage.run("svstat service/count");
}

async function lookAtFailures(stage: Stage): Promise<void> {
  stage.say("The third service ended by itself meanwhile, and was started again each time.");
  await logged(stage, "ends", /seconds\n[^]*seconds\n[^]*seconds\n/);
  await stage.run("svstat service/ends");
  await stage.run("tai64nlocal <service/ends/log/main/current");
}

async function leaveRunning(stage: Stage, port: number): Promise<void> {
  stage.say(
    `All of it goes on running now. Type this in another terminal and try the commands; the TCP service
    is at port ${port}. Ctrl-C here ends everything.`,
  );
  stage.show(`cd ${quoted(stage.dir)}`);
  stage.show("PATH=$PWD/command:$PATH");
  await stage.interruption();
}

async function end(stage: Stage, svscan: number): Promise<void> {
  stage.say(
    `The end. svscan first: it would start over what ends. The services do not notice, and are still
    supervised.`,
  );
  await stage.run(`kill ${svscan}`);
  await stage.until("svscan has ended", async () => {
    return (await stage.ask(`kill -0 ${svscan}`)).code !== 0;
  });
  await stage.run("svstat service/*");
  stage.say(
    `svc -dx takes a service down and ends its supervision. The loggers read on until nobody is left who
    could write, so they lose nothing; -x ends their supervision then.`,
  );
  await stage.run("svc -dx service/*");
  await stage.run("svc -x service/*/log");
  await stage.until("everything has ended", async () => {
    return await Promise.resolve(stage.processes().length === 0);
  });
  await stage.run(`svstat ${ALL}`);
  stage.say("Nothing is left running.");
}

/** The shell command that writes a file. */
function file(name: string, ...lines: string[]): string {
  return [`cat >${name} <<'END'`, ...lines, "END"].join("\n");
}

function script(name: string, ...lines: string[]): string {
  return file(name, "#!/bin/sh", ...lines);
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
