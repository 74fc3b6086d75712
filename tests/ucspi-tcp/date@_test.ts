// SPDX-License-Identifier: 0BSD
import { askingTests, visibleTests } from "../harness/ask.ts";

const DATE = { tool: "date@", port: 13, request: "" };

askingTests(DATE);
visibleTests(DATE);
