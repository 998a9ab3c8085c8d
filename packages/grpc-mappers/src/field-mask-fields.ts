/** A message as ts-proto has it. */
export type MessageValue = Readonly<Record<string, unknown>>;

/** The fields of a message by their names in it, those of its oneofs among them. */
export type Fields = ReadonlyMap<string, Field>;

/** One field, read and written alike whether it stands in a oneof or not. */
export interface Field {
  readonly isOutputOnly: boolean;
  readonly isInOneof: boolean;
  /** Whether it can be absent, rather than have its default; nobody needs to say so of messages. */
  readonly isOptional: boolean;
  /** The fields in it. Undefined: it is replaced as a whole. */
  readonly fields: Fields | undefined;
  /** Its value, undefined if it is absent. */
  readonly read: (message: MessageValue | undefined) => unknown;
  /** Sets it in a message that is being made; undefined makes it absent. */
  readonly write: (message: Record<string, unknown>, value: unknown) => void;
}

/** Reads the rules that `createFieldMask` is called with, whose types have been checked. */
export function maskFields(rules: Readonly<Record<string, unknown>>): Fields {
  const fields = new Map<string, Field>();
  for (const [name, rule] of Object.entries(rules)) {
    if (isOneof(rule)) {
      for (const [caseName, caseRule] of Object.entries(rule.$case)) {
        const isOutputOnly = rule.outputOnly === true;
        fields.set(caseName, caseField(name, caseName, caseRule, isOutputOnly));
      }
    } else {
      fields.set(name, plainField(name, rule));
    }
  }
  return fields;
}

interface Oneof {
  readonly $case: Readonly<Record<string, unknown>>;
  readonly outputOnly?: boolean;
}

// No field of a message can be named so: https://protobuf.com/docs/language-spec#identifiers-and-keywords
function isOneof(rule: unknown): rule is Oneof {
  return isObject(rule) && "$case" in rule;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function plainField(name: string, rule: unknown): Field {
  return {
    isOutputOnly: rule === "output-only" || rule === "optional-output-only",
    isInOneof: false,
    isOptional: rule === "optional" || rule === "optional-output-only",
    fields: isObject(rule) ? maskFields(rule) : undefined,
    read: (message) => message?.[name],
    write: (message, value) => {
      message[name] = value;
    },
  };
}

function caseField(oneof: string, name: string, rule: unknown, isOutputOnly: boolean): Field {
  const isChosen = (message: MessageValue): boolean =>
    (message[oneof] as { readonly $case: string } | undefined)?.$case === name;
  return {
    isOutputOnly,
    isInOneof: true,
    isOptional: true,
    fields: isObject(rule) ? maskFields(rule) : undefined,
    read: (message) =>
      message !== undefined && isChosen(message)
        ? (message[oneof] as { readonly value: unknown }).value
        : undefined,
    write: (message, value) => {
      if (value !== undefined) {
        message[oneof] = { $case: name, value };
      } else if (isChosen(message) || !Object.hasOwn(message, oneof)) {
        message[oneof] = undefined;
      }
    },
  };
}

/** Whether the field has a value that is not the one it has if nobody sets it. */
export function isPopulated({ isOptional }: Field, value: unknown): boolean {
  return value !== undefined && (isOptional || !isDefault(value));
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) {
    return value.length === 0;
  }
  return value instanceof Map
    ? value.size === 0
    : value === "" || value === 0 || value === 0n || value === false;
}

/** What the field has if nobody sets it. `sample` is any value of it, and shows its type. */
export function blank({ isOptional }: Field, sample: unknown): unknown {
  if (isOptional) {
    return undefined;
  }
  switch (typeof sample) {
    case "string":
      return "";
    case "number":
      return 0;
    case "bigint":
      return 0n;
    case "boolean":
      return false;
    default:
      return blankObject(sample);
  }
}

function blankObject(sample: unknown): unknown {
  if (Array.isArray(sample)) {
    return [];
  }
  if (sample instanceof Map) {
    return new Map();
  }
  // What is left is a message.
  return sample instanceof Uint8Array ? Buffer.alloc(0) : undefined;
}
