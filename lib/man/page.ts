// SPDX-License-Identifier: 0BSD
/**
 * Manual pages as plain text. The pages in man/ are the only source of the manual, in mdoc(7); this knows as much
 * of that as they use. tests/man_test.ts holds it against mandoc(1), word by word.
 *
 * @module
 */
import { isPhrase, phrase, unescaped } from "./phrase.ts";

const VOLUMES: Readonly<Record<string, string>> = {
  1: "General Commands Manual",
  5: "File Formats Manual",
  8: "System Manager's Manual",
};

const MARGIN = 5;
const INDENT = 6;
const WIDTH = 78;

/** What a page is about, in a line. */
export function oneLiner(source: string): string {
  return /^\.Nd (.*)$/m.exec(source)?.[1] ?? "";
}

/** The page as text. */
export function renderPage(source: string): string {
  const page = new Page();
  for (const line of source.split("\n")) page.take(line);
  return page.finish();
}

interface List {
  /** Where its heads begin. */
  readonly indent: number;
  /** The room for a head. */
  readonly width: number;
  readonly compact: boolean;
  readonly dashes: boolean;
}

class Page {
  readonly #lines: string[] = [];
  readonly #lists: List[] = [];
  #indent = MARGIN;
  /** Filled up until something begins a new line. */
  #text = "";
  /** A list item's head, which waits for its text. */
  #head: string | undefined;
  #literal = false;
  #section = "";
  #name = "";
  #title = ["", "", ""] as readonly [string, string, string];
  #date = "";

  take(line: string): void {
    const [, macro = "", rest = ""] = /^\.(\S+)\s*(.*)$/.exec(line) ?? [];
    if (line.startsWith('.\\"') || (line === "" && !this.#literal)) return;
    if (this.#literal && macro !== "Ed") this.#lines.push(this.#indented(unescaped(line)));
    else if (macro === "") this.#add(unescaped(line));
    else this.#do(macro, rest);
  }

  finish(): string {
    this.#break();
    const [name, section, volume] = this.#title;
    const header = spread(`${name}(${section})`, volume);
    const lines = [header, ...this.#lines, "", spread("djbox", this.#date)];
    return lines.map((line) => line.trimEnd() + "\n").join("");
  }

  #do(macro: string, rest: string): void {
    switch (macro) {
      case "Dd":
        this.#date = rest;
        return;
      case "Dt": {
        const [name = "", section = ""] = rest.split(" ");
        this.#title = [name, section, VOLUMES[section] ?? ""];
        return;
      }
      case "Os":
        return; // the system is the one that shows the page
      case "Sh":
        this.#section = rest;
        this.#indent = MARGIN;
        return this.#heading(rest);
      case "Ss":
        return this.#heading(`   ${rest}`);
      case "Pp":
        return this.#blank();
      case "Nd":
        return this.#add(`- ${rest}`);
      case "Bl":
        return this.#begin(rest);
      case "It":
        return this.#item(rest);
      case "El":
        this.#break();
        this.#indent = this.#lists.pop()?.indent ?? MARGIN;
        return;
      case "Bd":
        if (!rest.includes("-compact")) this.#blank();
        this.#break();
        this.#literal = true;
        this.#indent += INDENT;
        return;
      case "Ed":
        this.#literal = false;
        this.#indent -= INDENT;
        return;
      case "Nm":
        if (this.#name === "") this.#name = /\S+/.exec(rest)?.[0] ?? "";
        if (this.#section === "SYNOPSIS") this.#break();
        break;
    }
    this.#add(isPhrase(macro) ? phrase(`${macro} ${rest}`, this.#name) : rest);
  }

  #heading(text: string): void {
    this.#break();
    this.#lines.push("", text);
  }

  #begin(options: string): void {
    this.#break();
    const width = /-width (\S+)/.exec(options)?.[1] ?? "Ds";
    this.#lists.push({
      indent: this.#indent,
      width: /-dash/.test(options) ? 1 : width === "Ds" ? INDENT : width.length,
      compact: options.includes("-compact"),
      dashes: options.includes("-dash"),
    });
  }

  #item(head: string): void {
    const list = this.#lists.at(-1);
    if (list === undefined) return;
    if (list.compact) this.#break();
    else this.#blank();
    this.#indent = list.indent + list.width + 1 + (list.dashes ? 0 : 1);
    this.#head = list.dashes ? "-" : phrase(head, this.#name);
  }

  #blank(): void {
    this.#break();
    if (this.#lines.at(-1) !== "" && !isHeading(this.#lines.at(-1))) this.#lines.push("");
  }

  #add(text: string): void {
    this.#text += this.#text === "" ? text : ` ${text}`;
  }

  /** Puts what has been filled up into lines. */
  #break(): void {
    const head = this.#head;
    this.#head = undefined;
    const lines = filled(this.#text, WIDTH - this.#indent).map((line) => this.#indented(line));
    this.#text = "";
    if (head !== undefined) {
      const placed = " ".repeat(this.#lists.at(-1)?.indent ?? MARGIN) + head;
      if (placed.length < this.#indent && lines[0] !== undefined) {
        lines[0] = placed + lines[0].slice(placed.length);
      } else lines.unshift(placed);
    }
    this.#lines.push(...lines);
  }

  #indented(line: string): string {
    return " ".repeat(this.#indent) + line;
  }
}

function isHeading(line: string | undefined): boolean {
  return line !== undefined && /^( {3})?\S/.test(line);
}

/** A line with something at both ends. */
function spread(left: string, right: string): string {
  return left + " ".repeat(Math.max(1, WIDTH - left.length - right.length)) + right;
}

/** `text` in lines of at most `width`, as far as its words allow. */
function filled(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
