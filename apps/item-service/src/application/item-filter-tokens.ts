import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { countCharacters, quote } from "../domain/text.ts";

/** A piece of a filter's text. */
export interface FilterToken {
  readonly kind: "word" | "number" | "text" | "operator" | "parenthesis" | "unknown" | "end";
  /** As it stands in the filter, but quoted text without its quotes and escapes. */
  readonly text: string;
  /** Where it begins, in characters from 1. */
  readonly position: number;
}

// Each group is a kind of token.
const tokenPattern =
  /(?<word>[A-Za-z_]\w*)|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|"(?<text>(?:[^"\\]|\\["\\])*)"|(?<operator>[!<>]=|[=<>:])|(?<parenthesis>[()])|(?<unknown>\S)/gu;

/** Reads the tokens of a filter one by one. */
export interface FilterTokens {
  /** Returns the next token, which after the last is the end, again and again. */
  peek(): FilterToken;
  /** Returns the next token and moves on. */
  take(): FilterToken;
  /** Moves on if the next token is this keyword or parenthesis. Returns whether it was. */
  accept(text: string): boolean;
}

/** Splits a filter into tokens. */
export function createFilterTokens(filter: string): FilterTokens {
  const tokens = Array.from(filter.matchAll(tokenPattern), (match): FilterToken => {
    const position = countCharacters(filter.slice(0, match.index)) + 1;
    const [kind, text] = Object.entries(match.groups ?? {}).find(
      ([, group]) => group !== undefined,
    ) as [FilterToken["kind"], string];
    return { kind, text: kind === "text" ? text.replace(/\\(.)/g, "$1") : text, position };
  });
  const end: FilterToken = { kind: "end", text: "", position: countCharacters(filter) + 1 };
  let index = 0;
  const peek = (): FilterToken => tokens[index] ?? end;
  const take = (): FilterToken => {
    const token = peek();
    index += 1;
    return token;
  };
  const accept = (text: string): boolean => {
    const token = peek();
    const accepted = token.kind !== "text" && token.text === text;
    index += accepted ? 1 : 0;
    return accepted;
  };
  return { peek, take, accept };
}

/** The error for a filter that has `token` where it should have something else. */
export function unexpectedToken(token: FilterToken, expected: string): ValidationError {
  return filterError(`expected ${expected}, got ${describeToken(token)}`, token.position);
}

/** The error for a filter with a fault at `position`. */
export function filterError(fault: string, position: number): ValidationError {
  return new ValidationError([
    { field: "filter", description: `${fault} at character ${position}` },
  ]);
}

function describeToken({ kind, text }: FilterToken): string {
  if (kind === "unknown" && text === '"') {
    return 'text without an end or with an escape other than \\" and \\\\';
  }
  return kind === "end" ? "the end" : quote(text);
}
