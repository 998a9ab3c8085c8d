import { expect, it } from "vitest";
import { readDashboard } from "./dashboard.ts";
import { type Choices, interpolate, rateInterval } from "./interpolate.ts";

const dashboard = readDashboard();
const filled = (text: string, choices: Choices = {}) =>
  interpolate(text, dashboard, { choices, rateInterval: "120s" });

it.each<[string, string, Choices]>([
  ['a{job="$job"}', 'a{job="item.service"}', { job: "item.service" }],
  ['a{namespace=~"$namespace"}', 'a{namespace=~".*"}', {}],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Grafana's
  ["a{i=~'${instance}'}", "a{i=~'10\\\\.0\\\\.0\\\\.1:9464'}", { instance: ["10.0.0.1:9464"] }],
  ["$grpc_method", "(GetItem|ListItems)", { grpc_method: ["GetItem", "ListItems"] }],
  ["rate(a[$__rate_interval])", "rate(a[120s])", {}],
])("%s becomes %s", (text, expected, choices) => {
  expect(filled(text, choices)).toBe(expected);
});

it("refuses a variable that there is not, and one without a value", () => {
  expect(() => filled("$nobody")).toThrow("must have a variable nobody, for $nobody");
  expect(() => filled("$job")).toThrow("must have a variable job");
});

it("rates reach over four scrapes, and over a step and one more", () => {
  expect(rateInterval(15, 30)).toBe("120s");
  expect(rateInterval(300, 30)).toBe("330s");
});
