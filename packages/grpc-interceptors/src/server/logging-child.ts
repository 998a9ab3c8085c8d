import type { Logger } from "@grpc-kit/grpc-context";

/** As pino has it. */
interface ParentLogger extends Logger {
  child?(fields: object): Logger;
}

/** A logger whose lines carry `fields`: pino's child, which makes its text of them once. */
export function childLogger(parent: Logger, fields: object): Logger {
  return ownChild(parent, fields) ?? withFields(parent, fields);
}

function ownChild(parent: ParentLogger, fields: object): Logger | undefined {
  try {
    const child = parent.child?.(fields);
    return typeof child?.info === "function" ? child : undefined;
  } catch {
    // It can write lines all the same.
    return undefined;
  }
}

function withFields(parent: Logger, own: object): Logger {
  return {
    debug: (fields, message) => parent.debug(merge(own, fields), message),
    info: (fields, message) => parent.info(merge(own, fields), message),
    warn: (fields, message) => parent.warn(merge(own, fields), message),
    error: (fields, message) => parent.error(merge(own, fields), message),
  };
}

/** Both, without what is undefined: not every logger leaves that out as pino does. */
function merge(own: object, fields: object): object {
  const line: Record<string, unknown> = {};
  // pino takes an error in the place of fields.
  for (const part of [own, fields instanceof Error ? { err: fields } : fields]) {
    for (const [name, value] of Object.entries(part)) {
      if (value !== undefined) {
        line[name] = value;
      }
    }
  }
  return line;
}
