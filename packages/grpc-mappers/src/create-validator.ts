import { type FieldViolation, ValidationError } from "@grpc-kit/grpc-status/errors";
import { issuePath } from "./issue-path.ts";
import type { NothingLeft } from "./nothing-left.ts";
import type { StandardIssue, StandardSchema } from "./standard-schema.ts";

declare const messageType: unique symbol;

/** Checks one type of message. */
export interface Validator<Message = unknown> {
  /** What is wrong with the message, by the names in the proto. Empty: nothing. */
  readonly violations: (message: Message) => readonly FieldViolation[];
  /** Throws a ValidationError if anything is wrong with the message. */
  readonly validate: (message: Message) => void;
  /** Only a type: a validator of fewer fields is none for this message. */
  readonly [messageType]?: Required<Message>;
}

export interface ValidatorOptions {
  /** How many violations are told; one more says how many there are besides. Default: 50. */
  readonly maxViolations?: number;
}

/** What `createValidator<Message>()` returns. */
export type ValidatorMaker<Message> = <Input extends Message>(
  schema: StandardSchema<Input, unknown> &
    NothingLeft<"fields of the message without a rule", Exclude<keyof Message, keyof Input>> &
    NothingLeft<"rules for no field of the message", Exclude<keyof Input, keyof Message>>,
  options?: ValidatorOptions,
) => Validator<Message>;

/**
 * Makes a validator of a schema of any library that implements https://standardschema.dev. It is called
 * twice, as `createMapper` is, and a schema that leaves out a field of the message, an optional one as
 * well, does not compile: `createValidator<GetItemRequest>()(z.object({ id: z.uuid() }))`.
 *
 * A violation has the issue's message, and its `code` as the reason unless that is "custom":
 * "too_small" is TOO_SMALL. What a rule throws goes through, but for zod, which makes a Promise of it.
 * When used, throws a TypeError for a Promise; when made, a RangeError for a `maxViolations` that is
 * not positive.
 */
export function createValidator<Message>(): ValidatorMaker<Message> {
  return (schema, { maxViolations = 50 } = {}) => {
    if (!(Number.isInteger(maxViolations) && maxViolations > 0)) {
      throw new RangeError(`maxViolations must be a positive integer, got ${maxViolations}`);
    }
    const violations = (message: Message): readonly FieldViolation[] => {
      const issues = issuesOf(schema, message);
      const told = issues.slice(0, maxViolations).map((issue) => toViolation(message, issue));
      return issues.length > maxViolations
        ? [...told, { field: "", description: `and ${issues.length - maxViolations} more` }]
        : told;
    };
    return {
      violations,
      validate: (message) => {
        const found = violations(message);
        if (found.length > 0) {
          throw new ValidationError(found);
        }
      },
    };
  };
}

function issuesOf(schema: StandardSchema, message: unknown): readonly StandardIssue[] {
  const result = schema["~standard"].validate(message);
  // Any promise, not of this realm's class alone: it has no issues, and would pass for valid.
  if ("then" in result) {
    const { vendor } = schema["~standard"];
    const error = new TypeError(
      `the schema must be synchronous, and its rules must not throw, got a Promise from ${vendor}`,
    );
    // zod rejects with what a rule throws. Nobody waits for it, but whoever logs the error sees it.
    result.catch((reason: unknown) => {
      error.cause = reason;
    });
    throw error;
  }
  return result.issues ?? [];
}

function toViolation(message: unknown, issue: StandardIssue): FieldViolation {
  const field = issuePath(message, issue.path);
  const reason = reasonOf(issue);
  return { field, description: issue.message, ...(reason !== undefined && { reason }) };
}

// The form of a reason: https://google.aip.dev/193#errorinfo. Zod's "custom" is none: it says only that
// the rule has no name.
function reasonOf({ code }: StandardIssue & { readonly code?: unknown }): string | undefined {
  const reason = typeof code === "string" && code !== "custom" ? code.toUpperCase() : "";
  return /^[A-Z][A-Z0-9_]{1,61}[A-Z0-9]$/.test(reason) ? reason : undefined;
}
