// SPDX-License-Identifier: 0BSD
/**
 * The lines of a manual page that begin with a dot, as text: mdoc(7)'s macros for words in a sentence.
 *
 * @module
 */

/** What stands around the words behind the macro. */
const ENCLOSURES: Readonly<Record<string, readonly [string, string]>> = {
  Op: ["[", "]"],
  Dq: ['"', '"'],
  Ql: ["'", "'"],
  Sq: ["'", "'"],
};

/** Macros that say what a word is, which plain text does not show. */
const PLAIN = ["Ar", "Cm", "Em", "Ev", "Ic", "Li", "No", "Pa", "Sy", "Sx"];

/** Macros that mark no words, but do something. */
const SPECIAL = ["Fl", "Lk", "Nm", "Ns", "Xr"];

const CALLABLE = new Set([...Object.keys(ENCLOSURES), ...PLAIN, ...SPECIAL]);

/** What a word of a macro line is: punctuation that stands alone has its own ways. */
type Role = "macro" | "opening" | "middle" | "closing" | "word";

/** A word of a macro line; a quoted one is never a macro and never punctuation. */
interface Token {
  readonly text: string;
  readonly role: Role;
}

/** Whether `macro` is one of those that a phrase begins with. */
export function isPhrase(macro: string): boolean {
  return CALLABLE.has(macro);
}

/**
 * The text of a phrase.
 *
 * @param line what stands behind the dot, or behind `.It`: macros and words
 * @param name what `Nm` alone stands for
 */
export function phrase(line: string, name: string): string {
  const said = new Phrase();
  speak(said, tokensOf(line), name);
  return said.text;
}

/** Words with spaces where they belong. */
class Phrase {
  text = "";
  #glued = true;

  add(text: string, glued = false): void {
    this.text += this.#glued || glued ? text : ` ${text}`;
    this.#glued = false;
  }

  glue(): void {
    this.#glued = true;
  }
}

function tokensOf(line: string): Token[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain = ""]) => {
    if (quoted !== undefined) return { text: unescaped(quoted), role: "word" };
    return { text: unescaped(plain), role: roleOf(plain) };
  });
}

function roleOf(word: string): Role {
  if (CALLABLE.has(word)) return "macro";
  if (/^[([]$/.test(word)) return "opening";
  if (/^[.,:;)\]?!]$/.test(word)) return "closing";
  return word === "|" ? "middle" : "word";
}

function speak(said: Phrase, tokens: readonly Token[], name: string): void {
  for (let at = 0; at < tokens.length;) {
    const { text, role } = tokens[at] as Token;
    const macro = role === "macro" ? text : "No";
    if (role === "macro") at++;
    const enclosure = ENCLOSURES[macro];
    if (enclosure !== undefined) return enclose(said, enclosure, tokens.slice(at), name);
    const next = tokens.findIndex(({ role }, index) => index >= at && role === "macro");
    const end = next < 0 ? tokens.length : next;
    apply(said, macro, tokens.slice(at, end), name);
    at = end;
  }
}

/** The rest of the line stands between two signs, but for punctuation at its end. */
function enclose(
  said: Phrase,
  [open, close]: readonly [string, string],
  tokens: readonly Token[],
  name: string,
): void {
  const end = tokens.findLastIndex(({ role }) => role !== "closing") + 1;
  said.add(open);
  said.glue();
  speak(said, tokens.slice(0, end), name);
  said.add(close, true);
  for (const { text } of tokens.slice(end)) said.add(text, true);
}

function apply(said: Phrase, macro: string, args: readonly Token[], name: string): void {
  let words = args;
  const first = args[0]?.role === "word" ? args[0].text : undefined;
  if (macro === "Ns") said.glue();
  if (macro === "Nm" && first === undefined) said.add(name);
  if (macro === "Fl" && first === undefined) said.add("-");
  if (macro === "Xr") {
    said.add(`${first}(${args[1]?.text})`);
    words = args.slice(2);
  }
  if (macro === "Lk" && args[1]?.role === "word") {
    said.add(`${args[1].text}: ${first}`);
    words = args.slice(2);
  }
  for (const { text, role } of words) {
    said.add(macro === "Fl" && role === "word" ? `-${text}` : text, role === "closing");
    if (role === "opening") said.glue();
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "",
  "-": "-",
  e: "\\",
  "(aq": "'",
  "(ga": "`",
  "(ha": "^",
  "(ti": "~",
};

/** What roff(7)'s escapes stand for, those that the pages use. */
export function unescaped(text: string): string {
  return text.replace(/\\(\(..|.)/g, (whole, escape) => ESCAPES[escape] ?? whole);
}
