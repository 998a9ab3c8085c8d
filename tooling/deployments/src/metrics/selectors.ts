import { parser } from "@prometheus-io/lezer-promql";

/** A metric that an expression reads, and the labels it must have for that: matched, or grouped by. */
export interface Selector {
  readonly metric: string;
  readonly labels: ReadonlySet<string>;
}

/** What an expression of PromQL selects. Throws a SyntaxError if it is none. */
export function selectorsOf(expression: string): readonly Selector[] {
  const selectors: { metric: string; labels: Set<string>; from: number }[] = [];
  const groupings: { labels: readonly string[]; from: number; to: number }[] = [];
  const textOf = ({ from, to }: { from: number; to: number }) => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter({ type, node, from }) {
      if (type.isError) {
        throw new SyntaxError(`PromQL at "${expression.slice(from)}" of ${expression}`);
      }
      if (type.name === "VectorSelector") {
        const metric = node.getChild("Identifier");
        const matchers = node.getChild("LabelMatchers")?.getChildren("UnquotedLabelMatcher") ?? [];
        selectors.push({
          metric: metric === null ? "" : textOf(metric),
          labels: new Set(matchers.flatMap((each) => each.getChildren("LabelName").map(textOf))),
          from,
        });
      }
      if (type.name === "AggregateExpr") {
        const names = node.getChild("AggregateModifier")?.getChild("GroupingLabels");
        const labels = names?.getChildren("LabelName").map(textOf) ?? [];
        groupings.push({ labels, from: node.from, to: node.to });
      }
    },
  });
  for (const { labels, from, to } of groupings) {
    for (const selector of selectors.filter((each) => from <= each.from && each.from < to)) {
      for (const label of labels) {
        selector.labels.add(label);
      }
    }
  }
  return selectors;
}
