// SPDX-License-Identifier: 0BSD
/**
 * Rows of tcpserver: connections a second, and what open connections cost.
 *
 * @module
 */
import { SIGTERM } from "../../lib/os/constants.ts";
import { freePort } from "../trial/ports.ts";
import { answers, Held, visit } from "./clients.ts";
import { ruleFile } from "./databases.ts";
import type { Place, Tools } from "./place.ts";
import { end, endEverything, memoryOf, startSmall, until } from "../trial/processes.ts";
import { type Group, MIB, type Row, type Samples, type Side } from "./row.ts";

const CLIENTS = 8;
const CONNECTIONS = 2000;
const RULES = 100_000;

/** A server that listens. */
function serve(tools: Tools, argv: (port: string) => string[]): { pid: number; port: number } {
  const port = freePort();
  const pid = startSmall(tools.command(argv(`${port}`)));
  until("the server listens", () => answers(port));
  return { pid, port };
}

function tcpserver(port: string, more: readonly string[] = []): string[] {
  return ["tcpserver", "-RHl0", ...more, "127.0.0.1", port];
}

function connections(name: string, tools: Tools, argv: (port: string) => string[]): Samples {
  const { pid, port } = serve(tools, argv);
  const milliseconds = visit(port, CLIENTS, CONNECTIONS);
  const { cpu, peak } = end(pid, SIGTERM);
  return { [name]: { value: CONNECTIONS / (milliseconds / 1e3), cpu, peak } };
}

const plain: Row = {
  name: "tcpserver",
  what: "tcpserver -RHl0 127.0.0.1 PORT /bin/echo, 8 clients, connections",
  unit: "1/s",
  target: { ratio: 1 },
};

const ruled: Row = {
  name: "tcpserver-x",
  what: "the same with -x and 100,000 rules, to djbox without",
  unit: "1/s",
  target: { ratio: 1 },
};

const echo = (more: readonly string[] = []) => (port: string): string[] => [
  ...tcpserver(port, more),
  "/bin/echo",
];

function plainSides(place: Place): Side[] {
  const sides: Side[] = [place.ours, place.theirs].map((tools) => ({
    name: tools.name,
    run: () => connections(plain.name, tools, echo()),
  }));
  if (place.theirs.has("tcpsvd")) {
    const argv = (port: string): string[] => ["tcpsvd", "-l0", "127.0.0.1", port, "/bin/echo"];
    sides.push({ name: "tcpsvd", run: () => connections(plain.name, place.theirs, argv) });
  }
  return sides;
}

function ruledSides(place: Place): Side[] {
  const x = ["-x", ruleFile(place, RULES)];
  const side = (name: string, tools: Tools, more: readonly string[]): Side => ({
    name,
    run: () => connections(ruled.name, tools, echo(more)),
  });
  return [
    side("djbox", place.ours, x),
    side("without", place.ours, []),
    side("C", place.theirs, x),
  ];
}

/** Growth: `count` connections that are open together. */
function held(count: number): Group {
  const rows: Row[] = [
    {
      name: `connections-${count}-time`,
      what: `tcpserver ... cat: until all of ${count} clients that come together have an answer`,
      unit: "ms",
    },
    {
      name: `connections-${count}-memory`,
      what: `tcpserver itself, Private_Dirty, while ${count} are open`,
      unit: "MB",
    },
  ];
  const [time, memory] = rows.map(({ name }) => name) as [string, string];
  return {
    rows,
    sides: (place) =>
      [place.ours, place.theirs].map((tools) => ({
        name: tools.name,
        run: (): Samples => {
          const { pid, port } = serve(tools, (port) => [
            ...tcpserver(port, ["-c", `${count}`, "-b", "500"]),
            "/bin/cat",
          ]);
          const clients = new Held(port, count);
          const { dirty } = memoryOf([pid]);
          clients.close();
          end(pid, SIGTERM);
          endEverything();
          return { [time]: { value: clients.took }, [memory]: { value: dirty / MIB } };
        },
      })),
  };
}

export const servers: readonly Group[] = [
  { rows: [plain], sides: plainSides },
  { rows: [ruled], sides: ruledSides },
  held(1),
  held(100),
  held(500),
];
