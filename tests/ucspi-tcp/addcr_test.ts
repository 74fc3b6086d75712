// SPDX-License-Identifier: 0BSD
import { filterTests } from "../harness/filter.ts";

filterTests({
  tool: "addcr",
  salt: "\r\nx",
  convert: (text) => text.replaceAll("\n", "\r\n"),
});
