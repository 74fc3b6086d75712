// SPDX-License-Identifier: 0BSD
import { deepEqual, equal, strictEqual } from "node:assert/strict";
import { Environment } from "../cli/environment.ts";
import { parseIpv6 } from "./address.ts";
import {
  type Change,
  changed,
  connectionVariables,
  EnvironLayouts,
  logFields,
  safeField,
} from "./ucspi.ts";

Deno.test("safeField() hides what could be taken for something else, and cuts at 100", () => {
  equal(safeField("a:b c\x7f\xe4\n~!%s"), "a?b?c???~!?s");
  equal(safeField("x".repeat(99)), "x".repeat(99));
  equal(safeField("x".repeat(100)), "x".repeat(100) + "...");
  equal(safeField("x".repeat(101)), "x".repeat(100) + "...");
});

Deno.test("logFields() leaves empty what is not known", () => {
  const peers = {
    local: { address: "\x7f\0\0\x01", port: 25 },
    remote: { address: "\x0a\0\0\x02", port: 1025 },
    localHost: undefined,
    remoteHost: "h",
    remoteInfo: "",
  };
  equal(logFields(peers, "ucspi-tcp"), ":127.0.0.1:25 h:10.0.0.2::1025");
  equal(
    logFields(peers, "ucspi-tcp-ipv6"),
    ":::ffff:127.0.0.1:25 h:::ffff:10.0.0.2::1025",
  );
});

Deno.test("connectionVariables() has the twins of ucspi-tcp-ipv6 only for who asks for IPv6", () => {
  const unknown = { localHost: undefined, remoteHost: "h", remoteInfo: undefined };
  const ipv4 = {
    ...unknown,
    local: { address: "\x7f\0\0\x01", port: 25 },
    remote: { address: "\x0a\0\0\x02", port: 1025 },
  };
  const ipv6 = {
    ...unknown,
    local: { address: parseIpv6("::1") ?? "", port: 25 },
    remote: { address: parseIpv6("2001:db8::7") ?? "", port: 1025 },
  };
  deepEqual(connectionVariables(ipv4, "ucspi-tcp"), [
    ["PROTO", "TCP"],
    ["TCPLOCALIP", "127.0.0.1"],
    ["TCPLOCALPORT", "25"],
    ["TCPLOCALHOST", undefined],
    ["TCPREMOTEIP", "10.0.0.2"],
    ["TCPREMOTEPORT", "1025"],
    ["TCPREMOTEHOST", "h"],
    ["TCPREMOTEINFO", undefined],
  ]);
  deepEqual(connectionVariables(ipv6, "ucspi-tcp-ipv6"), [
    ["PROTO", "TCP6"],
    ["TCPLOCALIP", "::1"],
    ["TCP6LOCALIP", "::1"],
    ["TCPLOCALPORT", "25"],
    ["TCP6LOCALPORT", "25"],
    ["TCPLOCALHOST", undefined],
    ["TCP6LOCALHOST", undefined],
    ["TCP6INTERFACE", undefined],
    ["TCPREMOTEIP", "2001:db8::7"],
    ["TCP6REMOTEIP", "2001:db8::7"],
    ["TCPREMOTEPORT", "1025"],
    ["TCP6REMOTEPORT", "1025"],
    ["TCPREMOTEHOST", "h"],
    ["TCP6REMOTEHOST", "h"],
    ["TCPREMOTEINFO", undefined],
    ["TCP6REMOTEINFO", undefined],
  ]);
  const shown = (form: "ucspi-tcp-ipv6" | "ucspi-tcp-ipv6 -6"): (string | undefined)[] => {
    const { PROTO, TCPREMOTEIP, TCP6REMOTEIP } = Object.fromEntries(
      connectionVariables(ipv4, form),
    );
    return [PROTO, TCPREMOTEIP, TCP6REMOTEIP];
  };
  deepEqual(shown("ucspi-tcp-ipv6"), ["TCP", "10.0.0.2", "::ffff:10.0.0.2"]);
  deepEqual(shown("ucspi-tcp-ipv6 -6"), ["TCP6", "::ffff:10.0.0.2", "::ffff:10.0.0.2"]);
});

Deno.test("changed() moves what is set to the end and fills the gap from there", () => {
  const env = new Environment(["A=1", "B=2", "C=3"]);
  deepEqual(changed(env, [["A", "9"], ["D", undefined], ["B", undefined]]).entries(), [
    "C=3",
    "A=9",
  ]);
});

Deno.test("EnvironLayouts.after() has the order of changed()", () => {
  const env = new Environment(["A=1", "B=2", "C=3", "junk"]);
  const layouts = new EnvironLayouts(env);
  const changes: Change[] = [["B", "x"], ["N", "y"], ["A", undefined], ["N", "z"]];
  const layout = layouts.after(changes);
  deepEqual(changed(env, changes).entries(), ["B=x", "junk", "C=3", "N=z"]);
  deepEqual(layout.changes, [[0, 0], [3, 3]]);
  strictEqual(layouts.after([["B", ""], ["N", ""], ["A", undefined], ["N", ""]]), layout);
});
