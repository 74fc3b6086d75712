// SPDX-License-Identifier: 0BSD
import { askingTests, visibleTests } from "../harness/ask.ts";

const WHO = { tool: "who@", port: 11, request: "" };

askingTests(WHO);
visibleTests(WHO);
