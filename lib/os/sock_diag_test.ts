// SPDX-License-Identifier: 0BSD
// connections_test.ts holds it against /proc; there, nobody would notice if the kernel refused to answer.
import { deepEqual } from "node:assert/strict";
import { listedConnections } from "./connections.ts";
import { diagnose } from "./sock_diag.ts";
import { AF_INET, AF_INET6 } from "./socket.ts";

for (
  const [family, hostname] of [[AF_INET, "127.0.0.1"], [AF_INET6, "::1"]] as const
) {
  Deno.test(`diagnose() tells of a connection to ${hostname}, and of none of the other family`, async () => {
    using listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr;
    using _client = await Deno.connect({ hostname, port });
    using _accepted = await listener.accept();
    const [connection] = listedConnections(port);
    deepEqual(diagnose(port, family), [connection]);
    deepEqual(diagnose(port, family === AF_INET ? AF_INET6 : AF_INET), []);
  });
}
