import { redacted, redactText, toLogText } from "../log-text.ts";
import { isSensitiveName, toSnakeCase } from "../metadata/sensitive-names.ts";

export interface PayloadLoggingOptions {
  /**
   * What is hidden beside fields whose names tell (password, token, secret, email, …): names, which
   * count at any depth, and paths ("user.notes"). Default: none.
   */
  readonly redact?: readonly string[];
  /** How much is logged of a message. Default: 1_024. */
  readonly maxBytes?: number;
}

// Messages may be as deep as their sender likes.
const maxDepth = 16;

/** Makes a function that tells what is in a message, as JSON cut to size, without what is to be hidden. */
export function createPayloadText(options: PayloadLoggingOptions): (message: unknown) => string {
  const { redact = [], maxBytes = 1024 } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 16) {
    throw new RangeError(`payloads.maxBytes must be an integer from 16 on, got ${maxBytes}`);
  }
  const hidden = new Set(redact.map(toSnakeCasePath));
  return (message) => {
    const writer = new PayloadWriter(hidden, maxBytes);
    try {
      writer.write(message, "", 0);
    } catch {
      return "[unreadable]";
    }
    return toLogText(redactText(writer.text), maxBytes);
  };
}

function toSnakeCasePath(path: string): string {
  if (typeof path !== "string" || path === "") {
    throw new TypeError(`payloads.redact must have names of fields, got ${JSON.stringify(path)}`);
  }
  return path.split(".").map(toSnakeCase).join(".");
}

/** Writes JSON until there is enough: a message of megabytes costs no more than what is shown of it. */
class PayloadWriter {
  text = "";
  readonly #hidden: ReadonlySet<string>;
  readonly #maxLength: number;

  constructor(hidden: ReadonlySet<string>, maxLength: number) {
    this.#hidden = hidden;
    this.#maxLength = maxLength;
  }

  write(value: unknown, path: string, depth: number): void {
    if (depth > maxDepth) {
      this.text += '"[too deep]"';
    } else if (typeof value === "string") {
      this.text += JSON.stringify(value.slice(0, this.#maxLength));
    } else if (
      typeof value === "bigint" ||
      (typeof value === "number" && !Number.isFinite(value))
    ) {
      this.text += `"${value}"`;
    } else if (typeof value !== "object" || value === null) {
      this.text += JSON.stringify(value) ?? "null";
    } else if (value instanceof Uint8Array) {
      this.text += `"[${value.length} bytes]"`;
    } else if (value instanceof Date) {
      this.text += JSON.stringify(value);
    } else if (Array.isArray(value)) {
      this.#writeList(value, path, depth);
    } else {
      this.#writeFields(value, path, depth);
    }
  }

  get #isFull(): boolean {
    return this.text.length > this.#maxLength;
  }

  #writeList(values: readonly unknown[], path: string, depth: number): void {
    this.text += "[";
    for (let index = 0; index < values.length && !this.#isFull; index += 1) {
      this.text += index === 0 ? "" : ",";
      this.write(values[index], path, depth + 1);
    }
    this.text += "]";
  }

  #writeFields(value: object, path: string, depth: number): void {
    this.text += "{";
    let separator = "";
    for (const [name, field] of fieldsOf(value)) {
      if (this.#isFull) {
        break;
      }
      if (field !== undefined) {
        this.text += `${separator}${JSON.stringify(name.slice(0, 256))}:`;
        separator = ",";
        this.#writeField(name, field, path, depth);
      }
    }
    this.text += "}";
  }

  #writeField(name: string, field: unknown, path: string, depth: number): void {
    const ownName = toSnakeCase(name);
    const ownPath = path === "" ? ownName : `${path}.${ownName}`;
    if (isSensitiveName(name) || this.#hidden.has(ownName) || this.#hidden.has(ownPath)) {
      this.text += JSON.stringify(redacted);
    } else {
      this.write(field, ownPath, depth + 1);
    }
  }
}

function* fieldsOf(value: object): Generator<[name: string, field: unknown]> {
  if (value instanceof Map) {
    for (const [key, field] of value) {
      yield [String(key), field];
    }
    return;
  }
  for (const name in value) {
    if (Object.hasOwn(value, name)) {
      const field = (value as Record<string, unknown>)[name];
      // ts-proto has the name of a oneof's field beside its value; protobuf has the field alone.
      if (isOneof(field)) {
        yield [field.$case, field.value];
      } else {
        yield [name, field];
      }
    }
  }
}

function isOneof(field: unknown): field is { $case: string; value: unknown } {
  return (
    typeof field === "object" &&
    field !== null &&
    typeof (field as { $case?: unknown }).$case === "string"
  );
}
