// SPDX-License-Identifier: 0BSD
// What a page looks like; that its words are mandoc's is held by tests/man_test.ts.
import { equal } from "node:assert/strict";
import { oneLiner, renderPage } from "./page.ts";
import { phrase } from "./phrase.ts";

const PAGE = `.\\" a comment
.Dd November 21, 2026
.Dt GREET 8
.Os
.Sh NAME
.Nm greet
.Nd says hello
.Sh SYNOPSIS
.Nm
.Op Fl lq
.Op Fl n Ar number
.Ar name ...
.Nm
.Fl -help
.Sh DESCRIPTION
.Nm
says hello to each
.Ar name ,
in the order in which they are given, and in no other one.
.Pp
Options:
.Bl -tag -width Ds
.It Fl l
Loudly.
.It Fl n Ar number
So many times.
.El
.Ss Etiquette
.Bl -dash -compact
.It
Be polite.
.It
Be quiet.
.El
.Sh EXAMPLES
Two lines:
.Bd -literal -offset indent
$ greet \\e
>   you

hello
.Ed
`;

const TEXT = `GREET(8)                                               System Manager's Manual

NAME
     greet - says hello

SYNOPSIS
     greet [-lq] [-n number] name ...
     greet --help

DESCRIPTION
     greet says hello to each name, in the order in which they are given, and
     in no other one.

     Options:

     -l      Loudly.

     -n number
             So many times.

   Etiquette
     - Be polite.
     - Be quiet.

EXAMPLES
     Two lines:

           $ greet \\
           >   you

           hello

djbox                                                        November 21, 2026
`;

Deno.test("renderPage lays a page out as man(1) does", () => equal(renderPage(PAGE), TEXT));

Deno.test("oneLiner says what a page is about", () => equal(oneLiner(PAGE), "says hello"));

Deno.test("phrase puts spaces where they belong", () => {
  const said: readonly (readonly [string, string])[] = [
    ["Fl a", "-a"],
    ["Fl", "-"],
    ["Fl a , b", "-a, -b"],
    ["Fl -list | -help", "--list | --help"],
    ["Ar file .", "file."],
    ["Op Fl x Ar y .", "[-x y]."],
    ["Op Ar a Op Ar b", "[a [b]]"],
    ["Cm s Ns Ar size", "ssize"],
    ["Nm Fl x", "prog -x"],
    ["Xr svc 8 ,", "svc(8),"],
    ["Lk https://x.y here", "here: https://x.y"],
    ['Dq "Ar is a macro" ;', '"Ar is a macro";'],
    ["Pa \\(aqa\\e\\&\\(ha", "'a\\^"],
    ["Ic a ( b )", "a (b)"],
  ];
  for (const [line, text] of said) equal(phrase(line, "prog"), text, line);
});
