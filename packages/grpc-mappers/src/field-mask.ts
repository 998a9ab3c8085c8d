import { ValidationError } from "@grpc-kit/grpc-status/errors";
import {
  blank,
  type Field,
  type Fields,
  isPopulated,
  type MessageValue,
  maskFields,
} from "./field-mask-fields.ts";
import type { MaskFields } from "./field-mask-types.ts";
import { show } from "./violation.ts";
import { messageName } from "./violation-path.ts";

/** An update as a request has it. */
export interface FieldMaskUpdate<Message> {
  /** What to change: "name", "author.family_name". Empty: all that is populated. "*": everything. */
  readonly mask: readonly string[];
  /** The message as it is. */
  readonly current: Message;
  /** Where the new values are. */
  readonly update: Message;
}

/** Applies updates to one type of message. */
export interface FieldMask<Message> {
  /**
   * The message after the update; what came in stays as it is. Throws a ValidationError on
   * "update_mask" for a path that names no field, or goes into one that is replaced as a whole.
   */
  readonly apply: (request: FieldMaskUpdate<Message>) => Message;
}

/** What to change: each field as a whole, or fields in it. */
type Changes = Map<Field, Changes | "whole">;

/**
 * Makes what applies partial updates: https://google.aip.dev/134. It is called twice, as `createMapper`
 * is, and to forget a field of the message does not compile:
 * `createFieldMask<Book>()({ title: true, createdAt: "output-only", author: { name: true } })`.
 *
 * Output-only fields are ignored, not refused. Naming a message replaces all of it but its output-only
 * fields; naming a field in a message that is absent creates the message.
 */
export function createFieldMask<Message>(): (rules: MaskFields<Message>) => FieldMask<Message> {
  return (rules) => {
    const fields = maskFields(rules);
    return {
      apply: ({ mask, current, update }) => {
        const [before, after] = [current as MessageValue, update as MessageValue];
        if (mask.length === 1 && mask[0] === "*") {
          return replace(fields, before, after) as Message;
        }
        const changes = mask.length === 0 ? populatedIn(fields, after) : parse(fields, mask);
        return merge(fields, changes, before, after) as Message;
      },
    };
  };
}

function populatedIn(fields: Fields, update: MessageValue): Changes {
  const changes: Changes = new Map();
  for (const field of fields.values()) {
    const value = field.read(update);
    if (!isPopulated(field, value)) {
      continue;
    }
    changes.set(
      field,
      field.fields === undefined ? "whole" : populatedIn(field.fields, value as MessageValue),
    );
  }
  return changes;
}

function parse(fields: Fields, mask: readonly string[]): Changes {
  const changes: Changes = new Map();
  for (const path of mask) {
    addPath(changes, fields, path);
  }
  return changes;
}

function addPath(changes: Changes, fields: Fields, path: string): void {
  let inside: { readonly changes: Changes; readonly fields: Fields } = { changes, fields };
  const names = path.split(".");
  for (const [index, name] of names.entries()) {
    const field = inside.fields.get(messageName(name) ?? "");
    if (field === undefined) {
      throw refusePath(path === "*" ? '"*" alone, or fields' : "fields of the message", path);
    }
    const change = inside.changes.get(field);
    if (change === "whole") {
      return;
    }
    if (index === names.length - 1 || field.isOutputOnly) {
      inside.changes.set(field, "whole");
      return;
    }
    if (field.fields === undefined) {
      throw refusePath(`${names.slice(0, index + 1).join(".")} as a whole`, path);
    }
    const deeper: Changes = change ?? new Map();
    inside.changes.set(field, deeper);
    inside = { changes: deeper, fields: field.fields };
  }
}

function refusePath(expected: string, path: string): ValidationError {
  const description = `must name ${expected}, got ${show(path)}`;
  return new ValidationError([{ field: "update_mask", description }]);
}

/** `current` with the changes made. Either may be absent, but not both. */
function merge(
  fields: Fields,
  changes: Changes,
  current: MessageValue | undefined,
  update: MessageValue | undefined,
): MessageValue {
  const result = { ...(current ?? blankMessage(fields, update)) };
  for (const [field, change] of changes) {
    const [before, after] = [field.read(current), field.read(update)];
    if (field.isOutputOnly) {
      continue;
    }
    if (change === "whole") {
      field.write(result, replaced(field, before, after));
    } else if (field.fields !== undefined && (before ?? after) !== undefined) {
      field.write(
        result,
        merge(field.fields, change, before as MessageValue | undefined, after as MessageValue),
      );
    }
  }
  return result;
}

/** All of `update` but for what is output-only, which is as in `current`. */
function replace(
  fields: Fields,
  current: MessageValue | undefined,
  update: MessageValue | undefined,
): MessageValue {
  const result: Record<string, unknown> = {};
  for (const field of fields.values()) {
    const [before, after] = [field.read(current), field.read(update)];
    field.write(
      result,
      field.isOutputOnly ? (before ?? blank(field, after)) : replaced(field, before, after),
    );
  }
  return result;
}

function replaced(field: Field, before: unknown, after: unknown): unknown {
  if (field.fields === undefined) {
    return after ?? blank(field, before);
  }
  const [current, update] = [before as MessageValue | undefined, after as MessageValue | undefined];
  const isKept = !field.isInOneof && hasOutputOnly(field.fields, current);
  return update !== undefined || isKept ? replace(field.fields, current, update) : undefined;
}

/** Whether the server has set something in the message that stays when the rest goes. */
function hasOutputOnly(fields: Fields, message: MessageValue | undefined): boolean {
  return [...fields.values()].some((field) => {
    const value = field.read(message);
    if (field.isOutputOnly) {
      return isPopulated(field, value);
    }
    // The messages of a oneof go with all that is in them, when another case takes their place.
    return (
      field.fields !== undefined &&
      !field.isInOneof &&
      hasOutputOnly(field.fields, value as MessageValue | undefined)
    );
  });
}

function blankMessage(fields: Fields, sample: MessageValue | undefined): MessageValue {
  const result: Record<string, unknown> = {};
  for (const field of fields.values()) {
    field.write(result, blank(field, field.read(sample)));
  }
  return result;
}
