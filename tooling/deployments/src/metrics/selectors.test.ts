import { expect, it } from "vitest";
import { parseExposition } from "./read-exposition.ts";
import { selectorsOf } from "./selectors.ts";

const found = (expression: string) =>
  selectorsOf(expression).map(({ metric, labels }) => [metric, ...labels].join(" "));

it.each<[string, string[]]>([
  ["up", ["up"]],
  ['sum by (a, b) (rate(calls{code!="OK"}[5m])) / on (c) limits', ["calls code a b", "limits"]],
  ['count(up{job="x"} == 0) or vector(0)', ["up job"]],
  ["max by (pid) (used / limit)", ["used pid", "limit pid"]],
  ["histogram_quantile(0.99, sum by (le) (rate(b[1m]))) >= 0", ["b le"]],
])("%s selects %s", (expression, expected) => {
  expect(found(expression)).toEqual(expected);
});

it.each(["sum(", "rate(a[$__rate_interval])", "a b", ""])("%s is no PromQL", (expression) => {
  expect(() => selectorsOf(expression)).toThrow(SyntaxError);
});

it("reads names and labels of an exposition", () => {
  const text = '# HELP a_total {x="1"}\na_total{b="c,d=\\"e\\"",f=""} 4\n\nup 1\n';
  expect([...parseExposition(text)]).toEqual([
    ["a_total", new Set(["b", "f"])],
    ["up", new Set()],
  ]);
});
