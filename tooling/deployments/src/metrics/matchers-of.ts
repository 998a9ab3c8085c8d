/**
 * What the selectors of an expression ask of `label` and of `grpc_type`: one text for each that asks something of
 * `label`. Expressions that count the same calls have the same.
 */
export function matchersOf(expression: string, label: string): readonly string[] {
  const asked = new RegExp(`\\b(?:${label}|grpc_type)[=!~]+"[^"]*"`, "g");
  return [...expression.matchAll(/\{[^}]*\}/g)]
    .map(([selector]) => selector.match(asked)?.join(", ") ?? "")
    .filter((matchers) => matchers.includes(label));
}
