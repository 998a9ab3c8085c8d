import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { countCharacters } from "../domain/text.ts";
import type { ItemFilter } from "./item-filter.ts";
import { parseComparison } from "./item-filter-comparison.ts";
import { createFilterTokens, filterError, unexpectedToken } from "./item-filter-tokens.ts";

const CHARACTERS_MAX = 1_000;
const COMPARISONS_MAX = 50;
const DEPTH_MAX = 20;

/**
 * Parses a filter, a subset of https://google.aip.dev/160. Blank text is undefined: all items.
 * Throws ValidationError that says what is wrong and where.
 *
 * As in AIP-160, OR binds tighter than AND: `a = 1 AND b = 2 OR c = 3` asks for a, and for b or c.
 *
 *     filter     = term { "AND" term }
 *     term       = factor { "OR" factor }
 *     factor     = [ "NOT" ] ( comparison | "(" filter ")" )
 *     comparison = field operator literal
 */
export function parseItemFilter(text: string): ItemFilter | undefined {
  const characters = countCharacters(text);
  if (characters > CHARACTERS_MAX) {
    throw new ValidationError([
      {
        field: "filter",
        description: `must have at most ${CHARACTERS_MAX} characters, got ${characters}`,
      },
    ]);
  }
  const tokens = createFilterTokens(text);
  let comparisons = 0;

  const parseFilter = (depth: number): ItemFilter =>
    parseJoined("and", () => parseJoined("or", () => parseFactor(depth)));

  const parseJoined = (kind: "and" | "or", parseOperand: () => ItemFilter): ItemFilter => {
    const first = parseOperand();
    const others: ItemFilter[] = [];
    while (tokens.accept(kind.toUpperCase())) {
      others.push(parseOperand());
    }
    return others.length === 0 ? first : { kind, operands: [first, ...others] };
  };

  const parseFactor = (depth: number): ItemFilter =>
    tokens.accept("NOT") ? { kind: "not", operand: parseSimple(depth) } : parseSimple(depth);

  const parseSimple = (depth: number): ItemFilter => {
    const { position } = tokens.peek();
    if (!tokens.accept("(")) {
      comparisons += 1;
      if (comparisons > COMPARISONS_MAX) {
        throw filterError(`more than ${COMPARISONS_MAX} comparisons`, position);
      }
      return parseComparison(tokens.take(), tokens.take(), tokens.take());
    }
    if (depth === DEPTH_MAX) {
      throw filterError(`more than ${DEPTH_MAX} parentheses inside each other`, position);
    }
    const filter = parseFilter(depth + 1);
    if (!tokens.accept(")")) {
      throw unexpectedToken(tokens.peek(), "AND, OR or )");
    }
    return filter;
  };

  if (tokens.peek().kind === "end") {
    return undefined;
  }
  const filter = parseFilter(0);
  if (tokens.peek().kind !== "end") {
    throw unexpectedToken(tokens.peek(), "AND, OR or the end");
  }
  return filter;
}
