// SPDX-License-Identifier: 0BSD
import { askingTests, visibleTests } from "../harness/ask.ts";

const WHO = { tool: "who@", port: 11 };

askingTests(WHO);
visibleTests(WHO, "");
